"""Write docs/commands.md from what a running gateway offers; `--check` only says whether it is up to date.

A gateway without connectors is started in a directory of its own, asked, and stopped.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _generated import write_or_check

from smsgwd.cli.command_help import remarks, usage, values_of
from smsgwd.cli.ctl_socket import NO_ANSWER, CtlError, Daemon

TARGET = Path(__file__).resolve().parent.parent / "docs" / "commands.md"
_PATIENCE_S = 60
_CONFIG = """\
node: docs
data_dir: data
public_url: "http://127.0.0.1:1"
admin: {socket: admin.sock}
"""
_HEAD = """\
# What can I do to a running gateway?

Written by scripts/gen_commands_docs.py from what the gateway offers; `smsgwctl help` says the same of the one that
runs. How to write parameters, what is printed and what the exit statuses mean: [smsgwctl](smsgwctl.md). What to do when
something is wrong: [trouble](trouble.md). What stands in capitals is needed, what is in brackets may be left out; both
may be given in that order without their names. Who has which role: [`admin.roles`](configuration.md).
"""


def commands() -> list[dict[str, Any]]:
    """What a gateway offers. Raises CtlError where it does not start."""
    with tempfile.TemporaryDirectory() as directory:
        config = Path(directory, "smsgwd.yaml")
        config.write_text(_CONFIG, "utf-8")
        run = [sys.executable, "-c", "from smsgwd.cli.main import main; main()", "run", "-c", str(config)]
        with Path(directory, "log").open("w+") as log, subprocess.Popen(run, stdout=log, stderr=log) as child:
            try:
                return _asked(Daemon(str(Path(directory, "admin.sock"))), child)
            finally:
                if child.poll() is None:
                    child.terminate()
                child.wait(_PATIENCE_S)
                if child.returncode:
                    log.seek(0)
                    print(log.read(), file=sys.stderr)


def _asked(daemon: Daemon, child: subprocess.Popen[bytes]) -> list[dict[str, Any]]:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return daemon.commands()
        except CtlError as error:
            if error.status != NO_ANSWER or child.poll() is not None or time.monotonic() > end:
                raise
        time.sleep(0.05)


def page(found: list[dict[str, Any]]) -> str:
    """The page."""
    nouns = sorted({row["noun"] for row in found})
    lines = [_HEAD, "| noun | commands |", "|---|---|"]
    for noun in nouns:
        verbs = ", ".join(f"`{row['verb']}`" for row in found if row["noun"] == noun)
        lines.append(f"| [{noun}](#{noun}) | {verbs} |")
    for noun in nouns:
        lines += ["", f"## {noun}"]
        for row in found:
            if row["noun"] == noun:
                lines += _command(row)
    return "\n".join(lines) + "\n"


def _command(row: dict[str, Any]) -> list[str]:
    lines = ["", f"**`{usage(row)}`**", "", f"{_sentence(row['text'])} *{_sentence('; '.join(remarks(row)))}*"]
    order = sorted(row["parameters"], key=lambda each: not each["required"])
    if order:
        lines += ["", "| parameter | |", "|---|---|"]
    for each in order:
        values = f" ({values_of(each)})" if values_of(each) else ""
        lines.append(f"| `{each['name']}` | {_cell(each['text'])}{_cell(values)} |")
    if row["examples"]:
        lines += ["", "```sh", *(f"smsgwctl {example}" for example in row["examples"]), "```"]
    return lines


def _sentence(text: str) -> str:
    return _plain(text[:1].upper() + text[1:]) + ("" if text.endswith((".", "!", "?")) else ".")


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """What Markdown would take for more than text is not."""
    return text.replace("<", "&lt;").replace("*", "\\*")


def main() -> int:
    """Write the page, or with `--check` compare it. Exit code 1 on a difference."""
    try:
        text = page(commands())
    except CtlError as error:
        print(error.message)
        return 1
    return write_or_check(TARGET, text)


if __name__ == "__main__":
    sys.exit(main())

"""What the checks with processes share: options from a dataclass, a directory, the table or JSON, the exit status."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.stand import StandError


def main(prog: str, doc: str | None, options: Any, run: Callable[[Any, Path], Verdict]) -> int:
    """Exit status 0 when all is accounted for, 1 when not, 2 when the check itself could not be done."""
    parser = argparse.ArgumentParser(prog=prog, description=doc)
    for option in fields(options):
        kind = type(option.default)
        parser.add_argument(f"--{option.name.replace('_', '-')}", type=kind, default=option.default, help="%(default)s")
    parser.add_argument("--keep", type=Path, help="keep configuration, data, logs and records there")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    chosen = vars(parser.parse_args())
    keep, as_json = chosen.pop("keep"), chosen.pop("json")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="smsgwd-check-") as temporary:
        directory = keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        try:
            verdict = run(options(**chosen), directory)
        except (StandError, OSError, ValueError) as problem:
            print(f"the check could not be done: {problem}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("stopped", file=sys.stderr)
            return 130
    verdict.facts["seconds"] = round(time.monotonic() - begun, 1)
    print(json.dumps({"ok": verdict.ok, **verdict.facts, **verdict.failures}) if as_json else verdict.table())
    return 0 if verdict.ok else 1

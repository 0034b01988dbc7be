"""Brings the console's catalogues (smsgwd/console/catalogs/*.po) up to date with its templates and code.

What is new gets an empty translation, what is gone goes, what is translated stays; the order is that of the English
texts, so that two people who add texts do not collide. `--check` changes nothing and tells what would.
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

import polib

from smsgwd.console.render import environment

ROOT = Path(__file__).resolve().parents[1]
CONSOLE = ROOT / "smsgwd" / "console"
_MARKS = ("_", "N_")

#: A text, or a text and its plural, with the files that have it.
Texts = dict[tuple[str, str], set[str]]


def collected() -> Texts:
    """All texts of templates and code."""
    found: Texts = {}
    jinja = environment("en")
    for path in sorted((CONSOLE / "templates").rglob("*.html")):
        for _, function, texts in jinja.extract_translations(path.read_text("utf-8")):
            one, many = (texts, "") if not isinstance(texts, tuple) else (texts[0], texts[1] or "")
            if one is None:  # what varies is marked where it comes from
                continue
            if function == "ngettext" and not many:
                raise SystemExit(f"{path}: {one!r} has no plural")
            found.setdefault((one, many), set()).add(path.relative_to(ROOT).as_posix())
    for path in sorted(CONSOLE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in _MARKS and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.setdefault((text.value, ""), set()).add(path.relative_to(ROOT).as_posix())
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def updated(path: Path, texts: Texts) -> str:
    """A catalogue with these texts."""
    old = polib.pofile(path.read_text("utf-8"), encoding="utf-8", wrapwidth=0)
    known = {(entry.msgid, entry.msgid_plural or ""): entry for entry in old}
    new = polib.POFile(wrapwidth=0)
    new.metadata = old.metadata
    plurals = int(old.metadata["Plural-Forms"].partition("nplurals=")[2].partition(";")[0])
    for one, many in sorted(texts):
        entry = known.get((one, many)) or polib.POEntry(msgid=one, msgid_plural=many)
        if many and not entry.msgstr_plural:
            entry.msgstr_plural = dict.fromkeys(range(plurals), "")
        entry.occurrences = []
        # polib writes %-formats with a flag that translators' programs check placeholders by.
        entry.flags = ["python-format"] if "%(" in one + many else []
        new.append(entry)
    return f"{new}".rstrip("\n") + "\n"


def main() -> int:
    """Write the catalogues, or tell what would be written; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    texts = collected()
    behind = 0
    for path in sorted((CONSOLE / "catalogs").glob("*.po")):
        wanted = updated(path, texts)
        missing = sum(not entry.translated() for entry in polib.pofile(wanted))
        if wanted != path.read_text("utf-8"):
            behind += 1
            if not check:
                path.write_text(wanted, "utf-8")
        print(f"{path.name}: {len(texts)} texts, {missing} not translated")
    return 1 if check and behind else 0


if __name__ == "__main__":
    sys.exit(main())

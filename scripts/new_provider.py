"""What scripts/new-provider runs: makes the skeleton of a provider plugin out of the files in provider_skeleton."""

from __future__ import annotations

import argparse
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).resolve().parent
_SKELETON: Final = _HERE / "provider_skeleton"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_LONGEST: Final = 30
_GROUP: Final = "smsgwd.providers"


class Refused(Exception):  # noqa: N818 -- what is refused is told
    """No skeleton is made; the text says why."""


def make(name: str, directory: Path) -> list[Path]:
    """Write the plugin into `directory`/`name`; the files, in order. Raises Refused, OSError."""
    if len(name) > _LONGEST or _NAME.fullmatch(name) is None:
        raise Refused(f"'{name}' is no name of a plugin: a letter, then letters and digits, in parts joined by '_'")
    if name in {point.name for point in entry_points(group=_GROUP)}:
        raise Refused(f"a plugin '{name}' is installed already")
    target = directory / name
    if target.exists():
        raise Refused(f"{target} exists already")
    if not directory.is_dir():
        raise Refused(f"{directory} is no directory")
    words = {
        "@name@": name,
        "@package@": f"smsgwd_{name}",
        "@distribution@": f"smsgwd-{name.replace('_', '-')}",
        "@Class@": "".join(part.capitalize() for part in name.split("_")),
        "@TOKEN@": f"{name.upper()}_TOKEN",
    }
    made = []
    for source in sorted(_SKELETON.glob("**/*.in")):
        relative = source.relative_to(_SKELETON).as_posix().removesuffix(".in")
        relative = relative.replace("package/", f"smsgwd_{name}/").replace("NAME", name)
        file = target / relative
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_with_words(source.read_text("utf-8"), words), "utf-8")
        made.append(file)
    marker = target / f"smsgwd_{name}" / "py.typed"
    marker.touch()
    return [*made, marker]


def _with_words(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def main() -> int:
    """Exit status 2 for what is refused."""
    parser = argparse.ArgumentParser(prog="scripts/new-provider", description="Make the skeleton of a provider plugin.")
    parser.add_argument("name", help="name of the plugin, as in `provider:` of a connector: my_supplier")
    parser.add_argument("directory", nargs="?", type=Path, default=_HERE.parent / "plugins", help="default: plugins")
    given = parser.parse_args()
    try:
        made = make(given.name, given.directory)
    except (Refused, OSError) as error:
        print(f"scripts/new-provider: {error}", file=sys.stderr)
        return 2
    target = given.directory / given.name
    for file in made:
        print(f"made {file}")
    print(
        f"""
Next:
  pip install --editable '{target}[test]'     in the environment that the gateway runs in
  pytest {target}/tests                 they pass; change them to what your provider's page says
  edit {target}/smsgwd_{given.name}/provider.py until they pass again
  smsgwd check --config smsgwd.yaml     with a connector as in {target}/README.md
  smsgwctl plugin test {given.name} to=306912345678 from=Test text=Hello
The tutorial is docs/write-a-provider.md."""
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

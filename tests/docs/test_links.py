"""Links between the pages lead somewhere: to a file that is there, and to a heading that it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])


def _anchors(page: Path) -> set[str]:
    """Headings as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    """External ones are not followed."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        if "://" in name or name.startswith("mailto:"):
            continue
        there = page if not name else (page.parent / name).resolve()
        if not there.exists() or (anchor and there.suffix == ".md" and anchor not in _anchors(there)):
            wrong.append(target)
    assert wrong == []


def test_pages_that_files_and_scripts_name_are_there() -> None:
    """An operator looks for them where a configuration, a unit or a script says."""
    files = [path for name in ("etc", "systemd", "scripts", "smsgwd") for path in (ROOT / name).glob("**/*")]
    named = 0
    for path in files:
        if not path.is_file() or "__pycache__" in path.parts or "var" in path.parts:
            continue
        for page in re.findall(r"\bdocs/[\w/.-]+?\.md\b", path.read_text("utf-8", errors="replace")):
            named += 1
            assert (ROOT / page).exists(), f"{path.relative_to(ROOT)} names {page}"
    assert named > 20


def test_every_page_can_be_found_from_the_readme() -> None:
    """Directly, or from a page that can be."""
    found, new = set(), {ROOT / "README.md"}
    while new:
        page = new.pop()
        found.add(page)
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
            there = (page.parent / target).resolve()
            pages = there.glob("*.md") if there.is_dir() else [there]
            new |= {each for each in pages if each.suffix == ".md" and each.exists()} - found
    assert sorted(str(page.relative_to(ROOT)) for page in set(PAGES) - found) == []

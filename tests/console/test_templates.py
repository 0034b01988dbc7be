"""What no template and no page may do: texts reach a page escaped, and nothing in it is a script but our files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smsgwd.console.languages import LANGUAGES
from smsgwd.console.render import environment

CONSOLE = Path(__file__).parents[2] / "smsgwd" / "console"
TEMPLATES = sorted((CONSOLE / "templates").rglob("*.html"))
NAMES = [path.relative_to(CONSOLE / "templates").as_posix() for path in TEMPLATES]


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_nothing_is_left_unescaped(path: Path) -> None:
    text = path.read_text("utf-8")
    for word in (r"\|\s*safe\b", r"\bautoescape\b", r"\bMarkup\b", r"\|\s*forceescape\b"):
        assert re.search(word, text) is None, word


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_nothing_stands_in_a_page_that_its_policy_forbids(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert re.search(r"\son[a-z]+\s*=", text) is None, "an inline handler"
    assert re.search(r"\sstyle\s*=", text) is None and "<style" not in text, "an inline style"
    assert "hx-on" not in text and "hx-vals='js" not in text and "javascript:" not in text, "an inline script"
    for script in re.findall(r"<script[^>]*>", text):
        assert 'src="{{ shown.static(' in script or 'type="application/json"' in script, script


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_every_form_that_changes_something_has_the_token(path: Path) -> None:
    text = path.read_text("utf-8")
    for form in re.findall(r'<form[^>]*method="post".*?</form>', text, flags=re.DOTALL):
        free = "url('/login')" in form or "url('/choices')" in form
        assert free or "csrf()" in form, form[:200]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_compiles_in_every_language(language: str) -> None:
    for name in NAMES:
        environment(language).get_template(name)


def test_code_makes_no_text_safe() -> None:
    for path in CONSOLE.rglob("*.py"):
        assert "Markup" not in path.read_text("utf-8"), path


def _moving() -> dict[str, str]:
    """The pieces that streams put into operators' pages, by name, with what they include."""
    found: dict[str, str] = {}
    wanted = []
    for path in TEMPLATES:
        if path.parent.name == "operators":
            for moves in re.findall(r"<[^>]*sse-swap=[^>]*>(.*)", path.read_text("utf-8")):
                wanted += re.findall(r'{% include "([^"]+)" %}', moves)
    while wanted:
        name = wanted.pop()
        found[name] = (CONSOLE / "templates" / name).read_text("utf-8")
        wanted += re.findall(r'{% include "([^"]+)" %}', found[name])
    return found


MOVING = _moving()


@pytest.mark.parametrize("name", MOVING)
def test_what_moves_keeps_the_focus(name: str) -> None:
    """Without an id nobody can say where the focus was when a piece is put in anew: keyboards begin at the top."""
    text = MOVING[name]
    for tag in re.findall(r"<(?:a|button|input|select|textarea|summary)\b[^>]*>|<[^>]*tabindex=[^>]*>", text):
        assert re.search(r"\bid=", tag), tag
    for leads in re.findall(r"pieces\.leads\((.*?)\) }}", text):
        assert leads.count(",") >= 3, leads


@pytest.mark.parametrize(
    "name", [name for name in MOVING if name != "operators/pdus_rows.html"]
)  # its are the last words
def test_what_moves_is_not_said_again_and_again(name: str) -> None:
    for notice in re.findall(r"parts\.notice\(.*?\) }}", MOVING[name]):
        assert "moves=true" in notice, notice
    assert not re.search(r"role=\"(alert|status|log)|aria-live", MOVING[name])

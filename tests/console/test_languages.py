"""The languages: which one somebody gets, and that each catalogue says everything, with the same placeholders."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest

from scripts.gen_catalogs import collected
from smsgwd.console.languages import LANGUAGES, translations, wanted

CATALOGUES = Path(__file__).parents[2] / "smsgwd" / "console" / "catalogs"
OTHERS = [code for code in LANGUAGES if code != "en"]
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%%")


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        ("", "", "en"),
        ("el", "fr", "el"),
        ("xx", "fr", "fr"),
        ("", "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("", "de, ro;q=0.5, uk;q=0.6", "uk"),
        ("", "ru;q=0, el;q=0.1", "el"),
        ("", "ru;q=nan-sense", "en"),
        ("", "*;q=0.5", "en"),
        ("../fr", "", "en"),
    ],
)
def test_the_language_that_somebody_gets(chosen: str, accepted: str, expected: str) -> None:
    assert wanted(chosen, accepted) == expected


@pytest.fixture(scope="module")
def texts() -> set[tuple[str, str]]:
    """What templates and code say, singular and plural."""
    return set(collected())


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_says_everything_and_nothing_else(code: str, texts: set[tuple[str, str]]) -> None:
    catalogue = polib.pofile((CATALOGUES / f"{code}.po").read_text("utf-8"))
    assert {(entry.msgid, entry.msgid_plural or "") for entry in catalogue} == texts
    assert [entry.msgid for entry in catalogue if not entry.translated()] == []


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_placeholders_of_the_english(code: str) -> None:
    for entry in polib.pofile((CATALOGUES / f"{code}.po").read_text("utf-8")):
        own = {match[1] for match in _PLACEHOLDER.finditer(entry.msgid + entry.msgid_plural)} - {None}
        for form in entry.msgstr_plural.values() or [entry.msgstr]:
            found = {match[1] for match in _PLACEHOLDER.finditer(form)} - {None}
            # A plural's form may leave the number out, for one.
            assert found <= own if entry.msgid_plural else found == own, (entry.msgid, form)
            # One that stands for itself is written twice, where the text is formatted.
            if "%" not in _PLACEHOLDER.sub("", entry.msgid):
                assert form % dict.fromkeys(own, "x")


@pytest.mark.parametrize("code", OTHERS)
def test_plurals_go_by_the_rules_of_the_language(code: str) -> None:
    spoken = translations(code)
    catalogue = polib.pofile((CATALOGUES / f"{code}.po").read_text("utf-8"))
    entry = next(entry for entry in catalogue if entry.msgid_plural)
    forms = [spoken.ngettext(entry.msgid, entry.msgid_plural, number) for number in (1, 3, 25)]
    expected = {"fr": [0, 1, 1], "el": [0, 1, 1], "ro": [0, 1, 2], "uk": [0, 1, 2], "ru": [0, 1, 2]}[code]
    assert forms == [entry.msgstr_plural[number] for number in expected]


def test_english_is_what_stands_in_the_pages() -> None:
    assert translations("en").gettext("Log in") == "Log in" and translations("xx").gettext("Log in") == "Log in"

"""Words compared as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.gsm import alphabet
from smsgwd.mo.words import OptOutWords, first_word, fold

WORDS = OptOutWords(("STOP", "STOP ALL", "ΣΤΟΠ", "arrêt"), ("START", "ΝΑΙ", "Stop"))


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        "stop",
        " Stop \r\n",
        "Stop.",
        "«STOP»!",
        "stop  all",
        "στοπ",
        "Στοπ",
        "ΣTOΠ",
        "ARRET",
        "Arrêt",
        "arre\u0302t",
    ],
)
def test_stop(text):
    assert WORDS.opts_out(text) is True


@pytest.mark.parametrize("text", ["start", "START", "ναι", "NAI"])
def test_start(text):
    assert WORDS.opts_out(text) is False


@pytest.mark.parametrize(
    "text", ["", None, "please stop", "stop it", "stopp", "unstoppable", "!", "STOP" + " " * 200 + "x"]
)
def test_neither(text):
    assert WORDS.opts_out(text) is None


def test_without_lists_nothing_is_said():
    assert OptOutWords().opts_out("STOP") is None
    assert OptOutWords(("...",)).opts_out("") is None


def test_greek_as_a_phone_sends_it_in_the_gsm_alphabet():
    """Capitals that look Latin are Latin there."""
    sent = alphabet.decode(alphabet.encode("ΣTOΠ"))
    assert WORDS.opts_out(sent) is True
    assert first_word(alphabet.decode(alphabet.encode("ΦOPA 5"))) == fold("φορά")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("WIN 5", "win"),
        ("  win\tnow", "win"),
        ("Win, please", "win"),
        ("- win", "win"),
        ("'win'", "win"),
        ("ΚΈΡΔΟΣ τώρα", fold("κέρδος")),
        ("win5", "win5"),
        ("", ""),
        (" \n", ""),
        ("... !", ""),
    ],
)
def test_first_word(text, word):
    assert first_word(text) == word


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    assert fold(fold(text)) == fold(text)
    assert first_word(text) == first_word(" " + text)
    assert WORDS.opts_out(text) in (True, False, None)

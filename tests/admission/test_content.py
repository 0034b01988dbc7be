"""Rules about texts: patterns, length, templates only."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission import content
from smsgwd.admission.content import (
    LARGEST_OWN,
    LONGEST_PATTERN,
    ContentRules,
    checked_pattern,
    compile_content,
    normalized,
)
from smsgwd.model.records import ContentRule
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import ContentPolicy


def _rules(*patterns: str) -> ContentRules:
    rules = compile_content([ContentRule(f"r{n}", pattern) for n, pattern in enumerate(patterns)], None, ())
    assert rules is not None
    return rules


def _refused(rules: ContentRules, text: str) -> str:
    with pytest.raises(Refused) as caught:
        rules.check(text)
    assert caught.value.refusal is Refusal.CONTENT_REFUSED
    return caught.value.detail


def test_nothing_to_check_is_none():
    assert compile_content((), None, ("a template",)) is None
    assert compile_content((), ContentPolicy(), ("a template",)) is None


def test_the_rule_is_named_and_the_text_is_not():
    rules = compile_content(
        [ContentRule("gambling", r"\b(casino|roulette)\b"), ContentRule("loans", r"easy\s+loan")], None, ()
    )
    assert rules is not None
    rules.check("Your code is 1234")
    rules.check("casinos are another word")
    assert _refused(rules, "Win at the Casino tonight") == "the text matches the rule 'gambling'"
    assert _refused(rules, "an EASY\n loan") == "the text matches the rule 'loans'"


def test_a_tenants_own_patterns_come_besides_and_are_numbered():
    rules = compile_content([ContentRule("a", "aaa")], ContentPolicy(banned=("bbb", "ccc")), ())
    assert rules is not None
    assert "rule 'a'" in _refused(rules, "aaa ccc")
    assert "banned pattern 2 of the tenant" in _refused(rules, "a ccc")


def test_case_counts_where_the_pattern_says_so():
    rules = _rules("(?-i)FREE", "prize")
    rules.check("feel free")
    assert "'r0'" in _refused(rules, "FREE")
    assert "'r1'" in _refused(rules, "a PrIzE")


@pytest.mark.parametrize(
    "disguise",
    [
        "ｃａｓｉｎｏ",  # full width
        "cas\u200bino",  # zero width space
        "ca\u00adsino",  # soft hyphen
        "c\u2060a\u200ds\ufe0fino",
        "𝐜𝐚𝐬𝐢𝐧𝐨",  # mathematical bold
        "ⓒⓐⓢⓘⓝⓞ",
        "CASINO é",
    ],
)
def test_disguises_do_not_help(disguise):
    _refused(_rules("casino"), f"to the {disguise} now")


def test_letters_of_another_script_are_others():
    _rules("casino").check("саsino")  # its first two letters are Cyrillic: a pattern must name them
    _refused(_rules("[cс][aа]sino"), "саsino")


def test_composed_and_decomposed_letters_are_the_same():
    rules = _rules(unicodedata.normalize("NFD", "δάνειο"))
    _refused(rules, "ΔΆΝΕΙΟ ΤΏΡΑ")
    _refused(rules, unicodedata.normalize("NFD", "δάνειο"))


def test_every_format_character_is_dropped():
    kept = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    assert normalized("a" + "".join(kept) + "b") == "ab"


def test_length_is_in_characters():
    rules = compile_content((), ContentPolicy(max_length=5), ())
    assert rules is not None
    rules.check("γειά!")
    assert _refused(rules, "γειά!!") == "the text has 6 characters; at most 5 are allowed"


def test_templates_only():
    rules = compile_content((), ContentPolicy(templates_only=True), ("Your code is {code}.", "Hello"))
    assert rules is not None
    rules.check("Your code is 123.")
    rules.check("Hello")
    assert "none of the tenant's templates" in _refused(rules, "Hello there")


def test_templates_only_without_templates_takes_nothing():
    rules = compile_content((), ContentPolicy(templates_only=True), ())
    assert rules is not None
    _refused(rules, "anything")


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("", "empty"),
        ("x" * (LONGEST_PATTERN + 1), "at most"),
        ("(", "missing )"),
        ("a)|(?:b", "unexpected )"),
        (r"\Qabc", "missing )"),
        (r"(a)\1", "invalid escape"),
        ("(?=a)", "RE2 does not take"),
        ("a{1001}", "invalid repetition"),
        (".{0,900}.{0,900}x", "too large"),
        ("a*", "matches the empty text"),
        ("spam|", "matches the empty text"),
        ("\ud800", "no Unicode text"),
    ],
)
def test_patterns_that_cannot_be_used_are_refused_with_the_reason(pattern, said):
    with pytest.raises(Refused) as caught:
        checked_pattern(pattern)
    assert caught.value.refusal is Refusal.INVALID
    assert said in caught.value.detail


def test_a_bad_pattern_is_refused_with_its_rule():
    with pytest.raises(Refused, match="the rule 'broken'"):
        compile_content([ContentRule("fine", "a"), ContentRule("broken", "(")], None, ())
    with pytest.raises(Refused, match="banned pattern 1 of the tenant"):
        compile_content((), ContentPolicy(banned=("(",)), ())


def test_a_good_pattern_comes_back_as_it_is():
    assert checked_pattern(r"\bδάνειο\b") == r"\bδάνειο\b"


def test_a_tenants_patterns_are_bounded_together():
    large = "[a-c].{0,150}x"
    with pytest.raises(Refused, match="too large together"):
        compile_content((), ContentPolicy(banned=tuple(f"{large}{n}" for n in range(LARGEST_OWN // 1000))), ())
    assert compile_content([ContentRule(str(n), f"{large}{n}") for n in range(10)], None, ()) is not None


def test_patterns_that_backtracking_would_never_end_with():
    rules = _rules("(a+)+$", "(a|aa)+b", "(x*)*y")
    rules.check("a" * 20_000 + "!")
    _refused(rules, "a" * 20_000)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5), st.text("abcABC ", max_size=20))
def test_literal_patterns_match_what_contains_them(words, text):
    rules = _rules(*words)
    if any(word in text.lower() for word in words):
        _refused(rules, text)
    else:
        rules.check(text)


class _Counted:
    """A compiled pattern that keeps the texts it was asked about."""

    def __init__(self, pattern, asked):
        self._compiled = pattern
        self._asked = asked
        self.pattern = pattern.pattern
        self.programsize = pattern.programsize

    def search(self, text):
        self._asked.append(text)
        return self._compiled.search(text)


@pytest.fixture
def asked(monkeypatch):
    """The texts RE2 was asked about."""
    compiled = content._compiled
    found = []
    monkeypatch.setattr(content, "_compiled", lambda pattern: _Counted(compiled(pattern), found))
    return found


def test_re2_is_not_asked_about_texts_that_no_pattern_can_match(asked):
    rules = _rules(r"\bcasino\b", "easy.loan")
    asked.clear()
    for text in ("Your code is 1234", "Ο κωδικός σας: 1234", "a loan is hard\u200b"):
        rules.check(text)
    assert asked == []
    rules.check("casinos")
    _refused(rules, "Casino")
    assert asked[:2] == ["casinos", "Casino"]


def test_a_good_text_to_many_is_looked_at_once(asked):
    rules = _rules("a.b")
    asked.clear()
    for text in ("x", "x", "Γειά\u200b", "Γειά\u200b", "y" * 2_000, "y" * 2_000):
        rules.check(text)
    assert asked == ["x", "Γειά", "y" * 2_000, "y" * 2_000]  # long ones are not kept
    _refused(rules, "a b")
    _refused(rules, "a b")
    asked.clear()
    others = [str(number) for number in range(100)]
    for text in [*others, "x", "98", "99"]:
        rules.check(text)
    assert asked == [*others, "x"]  # and only the last few are

"""What must occur in a text for a pattern to match it. The definition is RE2: whatever it matches is let through."""

import sys
import unicodedata

import pytest
import re2
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from smsgwd.admission.content import checked_pattern, compile_content, normalized
from smsgwd.admission.literals import MOST_LITERALS, contains, literals_of
from smsgwd.model.records import ContentRule
from smsgwd.model.refusals import Refused


def _re2(pattern):
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)


def _let_through(patterns, text):
    literals = literals_of(patterns)
    return literals is None or contains(text, literals)


@pytest.mark.parametrize(
    ("pattern", "literals"),
    [
        ("casino", ("casino",)),
        (r"\b(?:free|online)\s+casino\b", ("casino",)),
        (r"https?://(?:bit\.ly|t\.co)/\S+", ("http://t.co/", "https://t.co/", "http://bit.ly/", "https://bit.ly/")),
        ("colou?r", ("color", "colour")),
        ("(?i)C[a4]S[i1]NO", ("c4s1no", "c4sino", "cas1no", "casino")),
        ("(?P<word>loan)s?", ("loan",)),
        ("(?-i)FREE|(?s:prize.now)", ("free", "prize")),
        ("(?:easy|quick).{0,9}(?:money|cash)", ("easy", "quick")),
        ("win+er", ("win",)),
        ("(abc|de+f)x", None),  # the second may be without "abc" and has nothing long
        ("(abc|def+)+x", ("abc", "def")),
        ("(abc){2}", ("abc",)),
        ("(abc){0,2}defg", ("defg",)),
        ("(abc){0}def", ("def",)),
        ("ΔΆΝΕΙΟ", ("δάνειο",)),
        ("(a|b|c|d)(a|b|c|d)(a|b|c|d)xyz", ("axyz", "bxyz", "cxyz", "dxyz")),
        (r"\$\$\$", ("$$$",)),
        (r"[0-9]+ euro[^\]x]cash", (" euro",)),
        ("[]a]bcd", ("]bcd", "abcd")),
        ("abc]", ("abc]",)),
        # nothing that is long enough
        ("ab", None),
        ("a.b.c", None),
        ("(abc)*x", None),
        ("(abc)?x", None),
        ("abc|", None),
        ("abc|d", None),
        ("[^a]", None),
        # nothing that we may rely on
        ("ab{,2}cde", None),
        ("abc{x}", None),
        ("abc{02}", None),
        ("[[:alpha:]]bcdef", None),
        (r"\pLabc", None),
        (r"\p{Greek}abc", None),
        (r"\Qa.b\Eabc", None),
        (r"\x41bcd", None),
        (r"\x{41}bcd", None),
        (r"\101bcd", None),
        (r"\Cabc", None),
        ("(?<=a)bcd", None),
        ("(?x)abc d", None),
        ("ıllegal", ("llegal",)),
        ("(" * 300 + "abc" + ")" * 300, None),
        ("abc)", None),
        ("(abc", None),
        ("abc\\", None),
        ("[abc", None),
    ],
)
def test_what_is_read_of_a_pattern(pattern, literals):
    assert literals_of([pattern]) == literals


def test_literals_of_all_patterns_together():
    assert literals_of([]) is None
    assert literals_of(["casino", "loan"]) == ("loan", "casino")
    assert literals_of(["online casino", "casino"]) == literals_of(["casino", "online casino"]) == ("casino",)
    assert literals_of(["casino", "a.b"]) is None
    many = [f"word{number:03d}" for number in range(MOST_LITERALS + 1)]
    assert literals_of(many[1:]) == tuple(many[1:])
    assert literals_of(many) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("casino", "CaSiNo"),
        ("kiss", "\u212ai\u017fs"),  # the Kelvin sign and the long s: as they come from a text, see `normalized`
        ("ſtraße", "STRAẞE"),
        ("straße", "STRAẞE"),
        ("µtorrent", "μTORRENT"),
        ("ὀδός|οδός", "ΟΔΌΣ"),
        ("ΟΔΟΣ", "οδος"),
        ("οδοσ", "ΟΔΟΣ"),
        ("Ångström", "\u212bngström"),
        ("ͅabc|ιabc", "Ιabc"),
        ("θέμα", "ϴέμα"),
        ("в лото", "ᲀ лото"),
        (r"[[:alpha:]]bcd", "xbcd"),
        (r"[[:^alpha:]]bcd", "1bcd"),
        (r"[]a]bcd", "]bcd"),
        (r"[^]a]bcd", "xbcd"),
        (r"[a\]]bcd", "]bcd"),
        (r"[[a]bcd", "[bcd"),
        (r"[a-]bcd", "-bcd"),
        (r"[+--]bcd", ",bcd"),
        ("ab{,2}", "ab{,2}"),
        ("abc{,2}|xyz", "abc{,2}"),
        ("abc{02}", "abc{02}"),
        ("abc{", "abc{"),
        ("abc{2,1x}", "abc{2,1x}"),
        ("ab{2}cd", "abbcd"),
        ("ab{0}cde", "acde"),
        ("ab{0,1}cde", "acde"),
        ("ab*?cde", "acde"),
        ("ab??cde", "acde"),
        (r"\Qabc.d\Ee", "abc.de"),
        (r"\x61\x{62}\143de", "abcde"),
        (r"abc\td\.e", "abc\td.e"),
        (r"abc\ddef\D\w\W\s\S", "abc1defxx! x"),
        (r"abc\pLdef", "abcxdef"),
        (r"\Aabc\b\z", "ABC"),
        (r"(?m)^abc$", "x\nabc\ny"),
        ("(?U)a+bcd", "aabcd"),
        ("(?i:abc)(?-i)DEF", "ABCDEF"),
        ("(?P<n>abc)|(?P<m>def)", "def"),
        ("abc||def", "x"),
        ("(|abc)def", "def"),
        ("(abc|)def", "def"),
        ("(?:(?:abc)?)+def", "def"),
        ("a#b c", "a#b c"),
        ("abc\x00def", "abc\x00def"),
        ("İstanbul|abc", "İstanbul"),
    ],
)
def test_whatever_re2_matches_is_let_through(pattern, text):
    plain = text if text.isascii() else normalized(text)
    assert _re2(pattern).search(plain) is not None, "the example is wrong"
    assert _let_through([pattern], plain)


def test_what_re2_takes_for_the_same_without_regard_to_case_has_one_casefold():
    kinds = {"Lu", "Ll", "Lt", "Lm", "Mn", "Nl", "So"}  # whatever has a case, and more
    everything = "".join(
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in kinds or 0x370 <= code <= 0x52F or code <= 0xFF
    )
    read = 0
    for code in [*range(1, 0x100), *range(0x370, 0x530)]:
        char = chr(code)
        pattern = "\\" + char if char.isascii() and char.isprintable() and not char.isalnum() else char
        literals = literals_of([pattern * 3])
        assert literals == (char.casefold() * 3,)
        read += 1
        for found in set(_re2(pattern).findall(everything)):
            assert found.casefold() == char.casefold(), (char, found)
    assert read == 0xFF + 0x1C0


_CHARS = list("abcKsß.-]{}, 1σς/\u212aſé")
_ATOMS = st.one_of(
    st.sampled_from(["abc", "bca", "cab", "ks", "Aσ", "1/", "ß"]),
    st.sampled_from(list("abcKsßσς1 ,-/")),
    st.sampled_from(
        [
            r"\b",
            r"\w",
            r"\S",
            r"\.",
            r"\]",
            r"\{",
            r"\-",
            "^",
            "$",
            ".",
            "[ab]",
            "[^a]",
            "[]b]",
            "[a-c]",
            r"[\]a]",
            "[Ks]",
        ]
    ),
    st.sampled_from(
        ["[[:alpha:]]", r"\pL", r"\x61", r"\141", r"\Qb.\E", "(?i)", "(?-i)", "{", "{,2}", "{1x", "]", "}"]
    ),
)
_TIMES = st.sampled_from(
    ["", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{0,2}", "{1,}", "{1}", "{,2}"]
)


def _grown(inner):
    joined = st.lists(st.tuples(inner, _TIMES), min_size=1, max_size=4).map(
        lambda pieces: "".join(f"(?:{piece}){times}" if len(piece) > 1 else piece + times for piece, times in pieces)
    )
    return st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        joined,
        st.tuples(inner, _TIMES).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        inner.map("({})".format),
        inner.map("(?s:{})".format),
        inner.map("(?P<n>{})".format),
    )


_PATTERNS = st.recursive(_ATOMS, _grown, max_leaves=12)
_TEXTS = st.one_of(
    st.lists(st.sampled_from(["abc", "bca", "cab", "KS", "aΣ", "1/", "ss", "ẞ", *_CHARS, *"ABC"]), max_size=12).map(
        "".join
    ),
    st.text(max_size=10),
)


@settings(max_examples=1500, deadline=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=3), st.lists(_TEXTS, min_size=1, max_size=6))
@example(["(abc|d)e"], ["DE", "abcE"])
def test_whatever_re2_matches_is_let_through_by_any_patterns(patterns, texts):
    good = []
    for pattern in patterns:
        try:
            good.append(checked_pattern(pattern))
        except Refused:
            continue
    assume(good)
    good = [unicodedata.normalize("NFC", pattern) for pattern in good]
    compiled = [_re2(pattern) for pattern in good]
    for text in texts:
        plain = normalized(text) if not text.isascii() else text
        if any(pattern.search(plain) for pattern in compiled):
            assert _let_through(good, plain), (good, plain)


@settings(max_examples=500, deadline=None)
@given(st.lists(_PATTERNS, min_size=1, max_size=3), st.lists(_TEXTS, min_size=1, max_size=20))
def test_rules_say_what_the_patterns_say_one_by_one(patterns, texts):
    try:
        rules = compile_content([ContentRule(str(number), each) for number, each in enumerate(patterns)], None, ())
    except Refused:
        assume(False)
    compiled = [_re2(unicodedata.normalize("NFC", f"(?:{pattern})")) for pattern in patterns]
    for text in texts + texts:  # those seen before are known the second time
        plain = normalized(text) if not text.isascii() else text
        first = next((number for number, each in enumerate(compiled) if each.search(plain) is not None), None)
        if first is None:
            rules.check(text)
        else:
            with pytest.raises(Refused, match=f"the text matches the rule '{first}'"):
                rules.check(text)

"""Texts with placeholders: rendering them, and telling which texts they make."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.admission.templates import checked_template, matcher, placeholders, render
from smsgwd.model.refusals import Refusal, Refused


def test_values_take_the_place_of_placeholders():
    assert render("Hello {name}, {n} for {name}", {"name": "Eva", "n": "3"}) == "Hello Eva, 3 for Eva"


def test_doubled_braces_are_braces():
    assert render("{{name}} is {name} }}", {"name": "x"}) == "{name} is x }"


def test_values_are_not_read_again():
    assert render("{a}{b}", {"a": "{b}", "b": "{{"}) == "{b}{{"


def test_values_without_placeholder_are_not_used():
    assert render("Hi", {"name": "Eva"}) == "Hi"


def test_an_empty_value_is_a_value():
    assert render("[{name}]", {"name": ""}) == "[]"


def test_a_text_that_no_message_can_be_is_not_made():
    assert len(render("{a}", {"a": "x" * 40_000})) == 40_000
    with pytest.raises(Refused, match="40,000 characters") as caught:
        render("{a}" * 200, {"a": "x" * 1000})
    assert caught.value.refusal is Refusal.TOO_MANY_PARTS


@pytest.mark.parametrize("token", ["{a}", "{{", "}}"])
def test_braces_are_counted(token):
    assert checked_template(token * 200) == token * 200
    with pytest.raises(Refused, match="more than 200 placeholders") as caught:
        checked_template(token * 201)
    assert caught.value.refusal is Refusal.INVALID


def test_a_missing_value_is_refused_by_name():
    with pytest.raises(Refused, match="'name'") as caught:
        render("Hello {name}", {"Name": "Eva"})
    assert caught.value.refusal is Refusal.INVALID


def test_the_place_of_the_short_link_stays():
    assert render("See {link} or [Link], {name}", {"name": "Eva"}) == "See {link} or [Link], Eva"
    assert render("See {link}", {"link": "here"}) == "See here"


@pytest.mark.parametrize(
    "text", ["{name.__class__}", "{0}", "{name!r}", "{name:>9}", "{", "}", "a } b", "{a b}", "{}", "{naïve}"]
)
def test_what_is_no_placeholder_is_refused(text):
    with pytest.raises(Refused, match="character"):
        checked_template(text)


@pytest.mark.parametrize("text", ["", "plain", "{a}", "{{}}", "{{a}} {b_2}", "[Link] {link}"])
def test_good_templates_come_back_as_they_are(text):
    assert checked_template(text) == text


def test_placeholders_in_order():
    assert placeholders("{b} {{no}} {a} {b}") == ["b", "a", "b"]
    assert placeholders("none") == []


TEMPLATES = ("Your code is {code}.", "Hi", "{name}: {text}!", "Up {{to}} {n}% off", "{a}{b}mid{c}", "ab{x}ba")


@pytest.mark.parametrize(
    "text",
    ["Your code is 12.", "Your code is .", "Hi", "Eva: yes!", ": !", "Up {to} 5% off", "mid", "xmidy", "abba", "abxba"],
)
def test_texts_of_templates_match(text):
    assert matcher(TEMPLATES).matches(text)


@pytest.mark.parametrize(
    "text", ["Your code is 12", "your code is 12.", "hi", "Hi ", "Eva yes!", "Up {{to}} 5% off", "", "aba", "xabba"]
)
def test_other_texts_do_not(text):
    assert not matcher(TEMPLATES).matches(text)


def test_nothing_matches_no_templates():
    assert not matcher(()).matches("")


_LITERAL = st.text("ab{}", max_size=4).map(lambda text: text.replace("{", "{{").replace("}", "}}"))


@given(
    st.lists(st.tuples(_LITERAL, st.sampled_from(["{x}", "{y}", ""])), max_size=4).map(
        lambda pairs: "".join(literal + place for literal, place in pairs)
    ),
    st.text("ab{}", max_size=5),
    st.text("ab{}", max_size=5),
)
def test_what_a_template_makes_matches_it(template, x, y):
    assert matcher(["other", template]).matches(render(checked_template(template), {"x": x, "y": y}))

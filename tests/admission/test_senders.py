import pytest

from smsgwd.admission.sender_rules import SenderRules
from smsgwd.admission.senders import sender_of
from smsgwd.model.records import SenderRule
from smsgwd.model.refusals import Refusal, Refused

LONDON, TORONTO, NEW_YORK = "442079460000", "14165550100", "12125550100"


def refused(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value


@pytest.mark.parametrize(
    ("written", "allowed", "approved"),
    [
        ("Anyone", ("*",), ()),
        ("iSMS", ("iSMS",), ()),
        ("ShopAthens", ("Shop*",), ()),
        ("+306900000001", ("+3069*",), ()),
        ("Brand", (), ("Brand",)),
        ("306900000001", (), ("+306900000001",)),
        ("Default", (), ()),
        (None, (), ()),
    ],
)
def test_who_may_send_under_it(written, allowed, approved):
    assert sender_of(written, "Default", allowed, frozenset(approved)) == (written or "Default")


@pytest.mark.parametrize(
    ("written", "allowed", "approved"),
    [("Other", ("iSMS",), ("Brand",)), ("Sho", ("Shop*",), ()), ("brand", (), ("Brand",)), ("Brand", (), ())],
)
def test_who_may_not(written, allowed, approved):
    found = refused(sender_of, written, "Default", allowed, frozenset(approved))
    assert found.refusal is Refusal.SENDER_NOT_ALLOWED
    assert repr(written) in found.detail


def test_an_approved_sender_must_be_one_all_the_same():
    assert refused(sender_of, "TwelveLetters", None, (), frozenset({"TwelveLetters"})).refusal is Refusal.INVALID_SENDER


RULES = SenderRules(
    {
        "US": SenderRule(alphanumeric="substitute", substitute="+12125550199"),
        "CA": SenderRule(alphanumeric="refuse"),
        "GB": SenderRule(registered_only=True, substitute="Notice"),
        "3069": SenderRule(numeric="refuse"),
        "FR": SenderRule(registered_only=True),
    }
)


@pytest.mark.parametrize(
    ("source", "number", "approved", "goes_out_as"),
    [
        ("iSMS", NEW_YORK, (), "+12125550199"),
        ("+12125550100", NEW_YORK, (), None),
        ("+12125550199", NEW_YORK, (), None),
        ("+14165550100", TORONTO, (), None),
        ("iSMS", LONDON, (), "Notice"),
        ("iSMS", LONDON, ("iSMS",), None),
        ("Notice", LONDON, (), None),
        ("442000000000", LONDON, ("+442000000000",), None),
        ("iSMS", "306912345678", (), None),
        ("+306900000001", "302101234567", (), None),
        ("iSMS", "33612345678", ("iSMS",), None),
        ("anything", "870123456789", (), None),
    ],
)
def test_what_goes_out(source, number, approved, goes_out_as):
    assert RULES.apply(source, number, frozenset(approved)) == goes_out_as


@pytest.mark.parametrize(
    ("source", "number", "words"),
    [
        ("iSMS", TORONTO, ("CA", "alphanumeric", "'iSMS'")),
        ("+306900000001", "306912345678", ("GR", "numeric")),
        ("iSMS", "33612345678", ("FR", "registered")),
    ],
)
def test_a_refusal_names_the_country_and_why(source, number, words):
    found = refused(RULES.apply, source, number, frozenset())
    assert found.refusal is Refusal.SENDER_NOT_ALLOWED
    assert [word for word in words if word not in found.detail] == []


@pytest.mark.parametrize(
    ("key", "rule", "word"),
    [
        ("GBR", SenderRule(), "neither"),
        ("", SenderRule(), "neither"),
        ("GB", SenderRule(alphanumeric="never"), "alphanumeric is one of"),
        ("GB", SenderRule(alphanumeric="substitute"), "names no sender"),
        ("GB", SenderRule(alphanumeric="substitute", substitute="TwelveLetters"), "11 characters"),
        ("GB", SenderRule(alphanumeric="substitute", substitute="Notice"), "takes no alphanumeric"),
        ("GB", SenderRule(alphanumeric="substitute", numeric="refuse", substitute="44200"), "takes no numeric"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(key, rule, word):
    found = refused(SenderRules, {key: rule})
    assert found.refusal is Refusal.INVALID
    assert word in found.detail

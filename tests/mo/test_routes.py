"""Who gets a subscriber's message."""

import pytest

from smsgwd.mo.routes import MoRoute, MoRoutes, MoRule

ME = "306912345678"
ROUTES = MoRoutes(
    [
        MoRule("shop", ("54001", "+30210*")),
        MoRule("carrier-b", ("54002",), connector="b"),
        MoRule("bank", ("540*",)),
        MoRule("rest", connector="b"),
    ]
)


@pytest.mark.parametrize(
    ("connector", "to", "account"),
    [
        ("a", "54001", "shop"),
        ("a", "+54001", "shop"),
        ("a", "302101234567", "shop"),
        ("a", "+302101234567", "shop"),
        ("b", "54002", "carrier-b"),
        ("a", "54002", "bank"),  # the first rule that matches, and this one does not on 'a'
        ("a", "5400", "bank"),
        ("b", "99", "rest"),
        ("b", "", "rest"),
        ("a", "99", None),
        ("a", "", None),
    ],
)
def test_the_first_match_wins(connector, to, account):
    found = ROUTES.find(connector, to, ME, "hello")
    assert (None if found is None else found.rule.account) == account


def test_no_rules_nobody():
    assert MoRoutes([]).find("a", "54001", ME, "x") is None
    assert not MoRoutes([]).needs_text("a", "54001", ME)


WIN = MoRule(webhook="games", to=("54*",), keyword=("Win", "ΚΕΡΔΟΣ"))
VOTE = MoRule("tv", to=("54*",), keyword=("VOTE",))
LOCAL = MoRule(callback="local", to=("54001",), sender=("3069*", "+49170"))
REST = MoRule("rest", to=("54001",))
MIXED = MoRoutes([WIN, VOTE, LOCAL, REST])


@pytest.mark.parametrize(
    ("to", "source", "text", "expected"),
    [
        ("54001", ME, "win 5", MoRoute(WIN, "Win")),
        ("54001", ME, "Κέρδος!", MoRoute(WIN, "ΚΕΡΔΟΣ")),
        ("54999", "1", "WIN", MoRoute(WIN, "Win")),
        ("54001", ME, "vote: 3", MoRoute(VOTE, "VOTE")),
        ("54001", ME, "I vote 3", MoRoute(LOCAL)),
        ("54001", "+" + ME, "hello", MoRoute(LOCAL)),
        ("54001", "49170", "hello", MoRoute(LOCAL)),
        ("54001", "491701", "hello", MoRoute(REST)),
        ("54001", ME, None, MoRoute(LOCAL)),
        ("54001", "1", "", MoRoute(REST)),
        ("54999", ME, "hello", None),
        ("54999", ME, None, None),
        ("99", ME, "win", None),
    ],
)
def test_keywords_and_senders(to, source, text, expected):
    assert MIXED.find("a", to, source, text) == expected


def test_when_a_long_message_must_be_whole_first():
    assert MIXED.needs_text("a", "54001", ME)  # a keyword may match
    assert MoRoutes([LOCAL, REST]).needs_text("a", "54001", ME)  # a URL gets whole messages
    assert not MoRoutes([LOCAL, REST]).needs_text("a", "54001", "1")  # an ESME joins them itself
    assert not MoRoutes([REST, WIN]).needs_text("a", "54001", ME)  # the keyword is never asked
    assert MoRoutes([REST, WIN]).needs_text("a", "54002", ME)
    assert not MIXED.needs_text("a", "99", ME)
    assert MoRoutes([WIN]).rules == (WIN,)

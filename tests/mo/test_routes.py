"""Which account gets a subscriber's message."""

import pytest

from smsgwd.mo.routes import MoRoutes, MoRule

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
    assert ROUTES.account(connector, to) == account


def test_no_rules_no_account():
    assert MoRoutes([]).account("a", "54001") is None

"""Only what a change concerns is compiled anew, and what comes out is what compiling everything gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.app.account_tables import AccountTables
from smsgwd.model.prices import PriceTable
from smsgwd.model.tenant import ContentPolicy, Tenant

LIST = PriceTable([("", 7)])
NAMES = "abcd"


def tables():
    made = AccountTables(lambda name, currency: LIST, lambda msisdn: "")
    made.approved = {"a": frozenset(["Shop"])}
    made.templates = {"b": ("Your code is {x}",)}
    return made


@st.composite
def tenants(draw):
    return {
        name: Tenant(
            name,
            enabled=draw(st.booleans()),
            parent=draw(st.none() | st.sampled_from(NAMES)),
            prices=(("", draw(st.integers(1, 2))),),
            price_list=draw(st.none() | st.just("retail")),
            content=draw(st.none() | st.just(ContentPolicy(templates_only=True))),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True))
    }


def seen(made):
    """What an account says, tables by what they answer."""
    return {
        name: (
            account.tenant,
            account.prices.price("30"),
            [(payer, prices.price("30")) for payer, prices in account.payers],
            account.approved,
            account.content is None,
        )
        for name, account in made.accounts.items()
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(tenants(), min_size=1, max_size=4))
def test_a_change_of_tenants_gives_what_compiling_all_of_them_gives(steps):
    made = tables()
    for step in steps:
        made.become(step)
        whole = tables()
        whole.tenants = step
        whole.compile_all()
        assert seen(made) == seen(whole)


def test_accounts_that_a_change_does_not_concern_stay_as_they_are():
    made = tables()
    before = {name: Tenant(name, parent={"b": "a", "c": "b"}.get(name)) for name in NAMES}
    made.become(before)
    old = made.accounts
    made.become(before | {"b": Tenant("b", parent="a", prices=(("", 9),))})
    kept = {name for name in NAMES if made.accounts[name] is old[name]}
    assert kept == {"a", "d"}
    assert [prices.price("30") for _, prices in made.accounts["c"].payers] == [9, 0]


def test_equal_rules_about_texts_are_shared_and_not_kept_for_ever():
    made = tables()
    policy = ContentPolicy(templates_only=True)
    made.become({name: Tenant(name, content=policy) for name in "acd"})
    assert made.accounts["a"].content is made.accounts["c"].content is not None
    for number in range(500):
        made.templates["a"] = (f"text {number}",)
        made.compile_one("a")
    assert len(made._contents) < 100

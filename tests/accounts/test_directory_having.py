"""A directory with one tenant changed is the one that is made anew of all of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.accounts.directory import Directory
from smsgwd.model.tenant import Credential, Tenant

NAMES = "abcd"
KEYS = [(kind, name) for kind in ("password", "token", "smpp") for name in ("ann", "bob")]
PARTS = ("_tenants", "_enabled", "_claimed", "_accounts")


@st.composite
def tenants(draw):
    keys = st.tuples(st.sampled_from(KEYS), st.integers(0, 6))
    return Tenant(
        draw(st.sampled_from(NAMES)),
        enabled=draw(st.booleans()),
        parent=draw(st.none() | st.sampled_from(NAMES)),
        credentials=tuple(
            Credential(kind, name, "h", serial=serial) for (kind, name), serial in draw(st.lists(keys, max_size=6))
        ),
    )


def parts(made):
    return [list(getattr(made, part).items()) if part == "_tenants" else getattr(made, part) for part in PARTS]


def outcome(make, *given):
    try:
        made = make(*given)
    except ValueError as error:
        return None, str(error)
    return made, parts(made)


@settings(max_examples=300, deadline=None)
@given(st.lists(tenants(), max_size=12))
def test_one_change_after_the_other_gives_what_making_all_anew_gives(changes):
    directory = Directory()
    for new in changes:
        before = parts(directory)
        others = [tenant for tenant in directory.tenants() if tenant.id != new.id]
        _, wanted = outcome(Directory, [*others, new])
        made, found = outcome(directory.having, new)
        assert found == wanted
        assert parts(directory) == before
        if made is not None:
            directory = made

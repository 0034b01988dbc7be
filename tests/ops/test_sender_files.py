"""Decisions about sender ids as CSV."""

import msgspec
import pytest
from twisted.internet.defer import succeed

from smsgwd.model.records import SENDER, Record, Sender
from smsgwd.ops.registry import CommandError
from smsgwd.ops.sender_files import SenderFiles
from tests.ops.asking import NOW_MS, Clock, run

HEAD = "tenant,name,status,reason\n"


class Records:
    def __init__(self, *rows):
        self.kept = {
            (tenant, sender.name): Record(SENDER, tenant, sender.name, msgspec.json.encode(sender), 0)
            for tenant, sender in rows
        }

    def page(self, kind, tenant, after, limit, *, beginning=""):
        found = sorted(self.kept.items())
        if tenant is None:
            found = [each for key, each in found if f"{key[0]}\0{key[1]}" > after]
        else:
            found = [each for key, each in found if key[0] == tenant and key[1] > after]
        return succeed(found[:2])

    def get(self, kind, tenant, key):
        return succeed(self.kept.get((tenant, key)))

    def put(self, kind, tenant, key, value, *, new=False, old=False):
        self.kept[tenant, key] = Record(kind, tenant, key, value, NOW_MS)
        return succeed(True)

    def sender(self, tenant, name):
        return msgspec.json.decode(self.kept[tenant, name].value, type=Sender)


@pytest.fixture
def records():
    return Records(
        ("b", Sender("Bank", "requested", {"company": "B"}, requested_at=5)),
        ("a", Sender("Shop", "approved", decided_at=7)),
        ("a", Sender("=1+1", "refused", reason="a formula")),
    )


def family(records):
    return SenderFiles(records, Clock(), lambda tenant: tenant in ("a", "b"))


def test_all_of_them_page_by_page(records):
    assert run(family(records), "sender", "export") == (
        HEAD + "a,'=1+1,refused,a formula\na,Shop,approved,\nb,Bank,requested,\n"
    )
    assert run(family(records), "sender", "export", tenant="b") == HEAD + "b,Bank,requested,\n"


def test_what_was_exported_changes_nothing(records):
    text = run(family(records), "sender", "export")
    before = dict(records.kept)
    assert run(family(records), "sender", "import", csv=text) == {"rows": 3, "made": 0, "changed": 0}
    assert records.kept == before


def test_decisions_are_taken_over(records):
    text = HEAD + "b,Bank,approved,\na,New,refused,no papers\n"
    assert run(family(records), "sender", "import", csv=text) == {"rows": 2, "made": 1, "changed": 1}
    bank = records.sender("b", "Bank")
    assert (bank.status, bank.decided_at, bank.details) == ("approved", NOW_MS, {"company": "B"})
    new = records.sender("a", "New")
    assert (new.status, new.reason) == ("refused", "no papers")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first line must be"),
        ("name,tenant\n", "the first line must be"),
        (HEAD + "a,Shop\n", "line 2 has 2 columns"),
        (HEAD + "nobody,Shop,approved,\n", "line 2: there is no tenant nobody"),
        (HEAD + "a,Shop,perhaps,\n", "line 2: status must be one of"),
        (HEAD + "a,,approved,\n", "line 2: name"),
        (HEAD + f"a,{'x' * 22},approved,\n", "line 2: name"),
        (HEAD + f"a,Shop,refused,{'x' * 201}\n", "line 2: the reason"),
        (HEAD + 'a,"Shop,approved,\n', "csv: "),
    ],
)
def test_a_mistake_changes_nothing(records, text, said):
    before = dict(records.kept)
    with pytest.raises(CommandError, match=said):
        run(family(records), "sender", "import", csv=text)
    assert records.kept == before


def test_a_tenant_that_is_not_there(records):
    with pytest.raises(CommandError, match="no tenant x"):
        run(family(records), "sender", "export", tenant="x")

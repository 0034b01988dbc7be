"""The file: a version 3 with credentials, and which indexes the questions about business use."""

import re
import sqlite3

import pytest

from smsgwd.model.business import DropRecord, PutTenant, Unhold
from smsgwd.model.changes import Promote
from smsgwd.model.tenant import Credential, EsmeSettings
from smsgwd.model.upkeep import PurgeLeftovers
from smsgwd.store.embedded import business, queries
from smsgwd.store.embedded.apply.table import apply
from smsgwd.store.embedded.beginnings import beginning_with
from smsgwd.store.embedded.memory import Memory
from smsgwd.store.embedded.migrations import MIGRATIONS, migrate
from smsgwd.store.embedded.work import Work
from tests.store.samples import NOW, tenant

_SCANS = re.compile(r"SCAN (record|link|lookup|message|m|r)\b")


@pytest.fixture
def connection():
    found = sqlite3.connect(":memory:", isolation_level=None)
    yield found
    found.close()


def _apply(connection, *changes):
    memory = Memory()
    memory.load(connection)
    work = Work(connection, memory)
    results = apply(work, changes)
    work.finish()
    return results


def test_credentials_of_a_file_of_version_3_are_used_on(connection):
    migrate(connection, MIGRATIONS[:3])
    connection.execute("INSERT INTO tenant VALUES ('demo', 5, x'7b226964223a2264656d6f227d')")
    connection.execute("INSERT INTO credential VALUES ('smpp', 'demo', 'demo', 'h', 8, x'7b2277696e646f77223a377d')")
    connection.execute("INSERT INTO credential VALUES ('token', 'digest', 'demo', '', 1, NULL)")
    migrate(connection)
    old = (Credential("smpp", "demo", "h", 8, EsmeSettings(window=7)), Credential("token", "digest"))
    (found,) = business.tenants(connection)
    assert found.credentials == old
    rotated = (*old, Credential("smpp", "demo", "i", 8, serial=1, expires_at=NOW))
    assert _apply(connection, PutTenant(tenant("demo", credentials=rotated), replace=True, at=NOW)) == [True]
    (found,) = business.tenants(connection)
    assert set(found.credentials) == set(rotated)
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'credential_4'").fetchone() is None


def _plans(connection, ask):
    """How SQLite runs each statement that `ask` makes."""
    statements = []
    connection.set_trace_callback(statements.append)
    ask()
    connection.set_trace_callback(None)
    kinds = ("SELECT", "UPDATE", "DELETE", "WITH")
    return [
        " / ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}"))
        for sql in statements
        if sql.startswith(kinds)
    ]


ASKED = {
    "record": ("SEARCH record USING PRIMARY KEY", lambda c: business.record(c, "contact", "demo", "1")),
    "records": ("SEARCH record USING PRIMARY KEY", lambda c: business.records(c, "contact", "demo", "a", 5, "b")),
    "records of all": ("SEARCH record USING PRIMARY KEY", lambda c: business.records(c, "contact", None, "", 5, "")),
    "records_at": ("SEARCH r USING PRIMARY KEY", lambda c: business.records_at(c, "contact", "demo", ["1", "2"])),
    "link": ("SEARCH link USING PRIMARY KEY", lambda c: business.link(c, "abc")),
    "links": ("link_tenant", lambda c: business.links(c, "demo", None, 9, 5)),
    "links of one": ("link_tenant", lambda c: business.links(c, "demo", 3, 9, 5)),
    "lookups": ("lookup_request", lambda c: business.lookups(c, "demo", 5)),
    "known_networks": ("lookup_number", lambda c: business.known_networks(c, "", 5)),
    "latest_lookup": ("lookup_number", lambda c: business.latest_lookup(c, "30")),
    "open_lookups": ("lookup_open", lambda c: business.open_lookups(c, 0, 5)),
    "held": ("message_held_id", lambda c: business.held(c, None, 0, 5)),
    "held of one": ("message_held_id", lambda c: business.held(c, "demo", 0, 5)),
    "next_due": ("message_due", queries.next_due),
    "unhold": ("message_held", lambda c: _apply(c, Unhold("demo", "30", NOW))),
    "drop": ("SEARCH record USING PRIMARY KEY", lambda c: _apply(c, DropRecord("contact", "demo", "3", True))),
    "expired links": ("link_expiry", lambda c: _apply(c, PurgeLeftovers(NOW, 0, 0, 0, 0, 9, links_before=NOW))),
}


@pytest.mark.parametrize("name", ASKED)
def test_questions_use_their_indexes(connection, name):
    migrate(connection)
    index, ask = ASKED[name]
    mine = [plan for plan in _plans(connection, lambda: ask(connection)) if index in plan]
    assert mine, name
    for plan in mine:
        assert not _SCANS.search(plan), plan
        assert "FOR ORDER BY" not in plan, plan


def test_old_lookups_are_a_range_of_the_key(connection):
    migrate(connection)
    plans = _plans(connection, lambda: _apply(connection, PurgeLeftovers(NOW, 0, 0, 0, 0, 9, lookups_before=NOW)))
    (plan,) = [plan for plan in plans if "lookup" in plan]
    assert plan.count("SEARCH lookup USING INTEGER PRIMARY KEY") == 2, plan


@pytest.mark.parametrize(
    ("text", "end"), [("a", "b"), ("g/", "g0"), ("\ud7ff", "\ue000"), ("a\U0010ffff", "b"), ("Ω", "Ϊ")]
)
def test_where_texts_that_begin_with_another_end(text, end):
    assert beginning_with("x", text) == ("x >= ? AND x < ?", [text, end])


@pytest.mark.parametrize("text", ["", "\U0010ffff"])
def test_texts_without_an_end(text):
    assert beginning_with("x", text) == ("x >= ?", [text])


def test_a_clock_that_was_set_back_walks_over_no_scheduled_messages(connection):
    migrate(connection)
    plans = _plans(connection, lambda: _apply(connection, Promote(NOW, set_back=5000)))
    assert [plan for plan in plans if "message_open (state=?)" in plan], plans
    assert not [plan for plan in plans if _SCANS.search(plan)], plans

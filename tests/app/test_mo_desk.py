"""Subscribers' messages: put together, routed and owed to whom they are for; nothing lost, nothing taken twice."""

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.accounts.directory import Directory
from smsgwd.app.mo_desk import MoDesk
from smsgwd.gsm.segment import segments
from smsgwd.mo.routes import MoRoutes, MoRule
from smsgwd.model.changes import KeepMoPart, MoKept, Owed, TakeMo
from smsgwd.model.mo import Mo, MoSet, MoSetKey
from smsgwd.model.tenant import Credential, DialectSettings, Tenant
from smsgwd.ports.store import StoreUnavailable
from smsgwd.smpp.pdu import AlertNotification
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import render
from tests.app.fakes import FakeOutbox

ME = "306912345678"
SHOP = Tenant(
    "shop",
    webhook_url="https://shop.example/events",
    time_zone="Europe/Athens",
    credentials=(Credential("smpp", "esme", "hash"),),
)
GAMES = Tenant("games", webhook_url="https://games.example/mo")
OLD = Tenant("old", callback_style="ardary", callback_url="https://old.example/cb", time_zone="Europe/Berlin")
MUTE = Tenant("mute")
OFF = Tenant("off", webhook_url="https://off.example/", enabled=False)
RULES = (
    MoRule("esme", to=("123*",)),
    MoRule("gone", to=("9*",)),
    MoRule(webhook="games", to=("54*",), keyword=("WIN",)),
    MoRule("esme", to=("54*",), keyword=("vote",)),
    MoRule(webhook="shop", to=("54001",)),
    MoRule(callback="old", to=("700",)),
    MoRule(callback="shop", to=("701",)),
    MoRule(webhook="mute", to=("800",)),
    MoRule(webhook="off", to=("801",)),
    MoRule(webhook="nobody", to=("802",)),
)


class Store:
    """Keeps sets as the port says; commits fire when the test says so."""

    def __init__(self):
        self.sets = {}
        self.taken = []
        self.waiting = []
        self.reads = []
        self.held_read = None
        self.failing = None
        self.hold = False
        self.hold_reads = False

    def commit(self, changes):
        done = Deferred()
        self.waiting.append((list(changes), done))
        if not self.hold:
            self.finish()
        return done

    def finish(self):
        changes, done = self.waiting.pop(0)
        if isinstance(self.failing, type) and any(c.tenant == "games" for c in changes):
            done.errback(self.failing("poison"))
        elif isinstance(self.failing, Exception):
            done.errback(self.failing)
        else:
            results = []
            for change in changes:
                self.taken.append(change)
                self.sets.pop(change.done, None)
                results.append(Owed((f"owed {change.tenant}",)))
            done.callback(results)

    def keep(self, change):
        """A KeepMoPart; the set when it is complete."""
        held = self.sets.setdefault(change.key, {})
        if held.get(change.seq, change.mo) != change.mo:
            held.clear()  # another message under the same reference
        held[change.seq] = change.mo
        whole = tuple(held[seq] for seq in sorted(held)) if len(held) == change.key.total else ()
        return MoKept(change.key, whole)

    def mo_sets(self, before, limit):
        self.reads.append((before, limit))
        done = Deferred()
        found = [MoSet(k, dict(p), min(m.received_at for m in p.values())) for k, p in self.sets.items()]
        found = [each for each in found if len(each.parts) == each.key.total or each.oldest < before][:limit]
        if self.hold_reads:
            self.held_read = (done, found)
        elif isinstance(self.failing, Exception):
            done.errback(self.failing)
        else:
            done.callback(found)
        return done

    def answer_read(self):
        done, found = self.held_read
        self.held_read = None
        done.callback(found)


class Here:
    """A desk with everything around it."""

    def __init__(self, rules=RULES, part_wait_ms=600_000, **options):
        self.reactor = Clock()
        self.store = Store()
        self.outbox = FakeOutbox()
        self.alerts = []
        self.metrics = Metrics(CollectorRegistry())
        tenants = {each.id: each for each in (SHOP, GAMES, OLD, MUTE, OFF)}
        self.desk = MoDesk(
            routes=MoRoutes(rules),
            directory=Directory(tenants.values()),
            tenants=tenants.get,
            store=self.store,
            clock=self,
            reactor=self.reactor,
            outbox=self.outbox,
            alert=lambda account, pdu: self.alerts.append(account) or True,
            alphabets={"latin": "latin1"},
            part_wait_ms=part_wait_ms,
            stop_words=("STOP",),
            start_words=("START",),
            metrics=self.metrics,
            **options,
        )

    def now_ms(self):
        return 1_800_000_000_000 + int(self.reactor.seconds() * 1000)

    def monotonic(self):
        return self.reactor.seconds()

    def mo(self, to, text, source=ME, connector="sim", **more):
        body = text if isinstance(text, bytes) else text.encode("ascii")
        return Mo(connector, self.now_ms(), source, to, source_ton=1, body=body, **more)

    def change(self, to, text, **more):
        return self.desk.change(self.mo(to, text, **more), "group")

    def parts(self, to, text, ref=5, source=ME):
        cut = segments(text, ref=ref)
        return [
            self.desk.change(
                self.mo(to, piece.udh + piece.body, source, esm_class=0x40, data_coding=piece.data_coding), "group"
            )
            for piece in cut
        ]

    def send(self, to, text, order=None, **more):
        """Parts that arrive in that order and become durable one by one."""
        made = self.parts(to, text, **more)
        for index in order or range(len(made)):
            self.desk.kept([self.store.keep(made[index])])
        return made

    def metric(self, line):
        return line in render(self.metrics.registry).decode()


LONG = "a long text, in parts " * 20


def test_a_single_message_to_an_account():
    here = Here()
    mo = here.mo("12345", "hello")
    assert here.desk.change(mo, "g") == TakeMo("shop", account="esme", parts=(mo,), at=here.now_ms())


def test_parts_to_an_account_without_keywords_pass_through():
    made = Here().parts("12345", LONG)
    assert [type(each) for each in made] == [TakeMo] * len(made)
    assert all(len(each.parts) == 1 and each.account == "esme" and each.done is None for each in made)


def test_a_single_message_to_a_webhook():
    change = Here().change("54001", b"\xe9t\xe9", connector="latin")
    assert (change.tenant, change.url, change.account, change.parts) == ("shop", SHOP.webhook_url, "", ())
    message = change.message
    assert (message.text, message.source, message.dest, message.data) == ("été", "+" + ME, "54001", b"\xe9t\xe9")
    assert (message.style, message.keyword, message.zone, message.parts) == ("native", "", "Europe/Athens", 1)


def test_keywords_choose_the_tenant():
    here = Here()
    won = here.change("54001", "win 5")
    assert (won.tenant, won.message.keyword) == ("games", "WIN")
    voted = here.change("54001", "Vote 3")
    assert (voted.tenant, voted.account, voted.message) == ("shop", "esme", None)
    assert here.change("54001", "hello").tenant == "shop"


def test_a_callback_has_the_tenants_style_and_zone():
    here = Here()
    change = here.change("700", "hello")
    assert (change.tenant, change.url, change.message.style, change.message.zone) == (
        "old", "https://old.example/cb", "ardary", "Europe/Berlin",
    )  # fmt: skip
    assert change.message.parameter == "sms"
    assert here.change("701", "hello") is None  # the shop has no callback URL


def test_a_callback_has_the_parameter_of_the_tenants_own(monkeypatch):
    special = msgspec.structs.replace(OLD, dialects=DialectSettings(ardary_parameters={"sms": "calls"}))
    here = Here()
    monkeypatch.setattr(here.desk, "_tenants", {"old": special}.get)
    assert here.change("700", "hello").message.parameter == "calls"


@pytest.mark.parametrize("to", ["555", "999", "54009", "800", "801", "802"])
def test_nobody(to):
    """No rule, no such account, no keyword, no URL, disabled, no such tenant."""
    assert Here().change(to, "hello") is None


@pytest.mark.parametrize(("text", "out"), [("Stop.", True), ("START", False), ("stop it", None), ("hello", None)])
def test_stop_and_start(text, out):
    for to in ("12345", "54001", "700"):
        change = Here().change(to, text)
        assert change.opts_out is out and change.msisdn == ("" if out is None else ME)


def test_only_a_number_can_opt_out():
    assert Here().change("54001", "STOP", source="Bank").opts_out is None
    for written in ("+" + ME, "00" + ME, ME):
        assert Here().change("54001", "STOP", source=written).msisdn == ME


def test_opt_outs_are_counted():
    here = Here()
    here.desk.opted(here.change("54001", "STOP"))
    assert here.metric('smsgwd_opt_outs_total{how="stop"} 1.0')


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_long_message_in_any_order(order):
    here = Here()
    made = here.send("54001", LONG, order)
    assert [type(each) for each in made] == [KeepMoPart] * 3 and len({each.key for each in made}) == 1
    (change,) = here.store.taken
    assert (change.tenant, change.message.text, change.message.parts, change.done) == ("shop", LONG, 3, made[0].key)
    assert here.outbox.items == ["owed shop"] and not here.store.sets


def test_a_long_message_to_an_account_by_keyword_has_all_its_parts_in_order():
    here = Here()
    made = here.send("54001", "vote " + LONG, (2, 1, 0))
    (change,) = here.store.taken
    assert change.account == "esme" and change.parts == tuple(each.mo for each in made)


def test_the_keyword_of_a_long_message():
    here = Here()
    here.send("54009", "WIN " + LONG, (2, 1, 0))
    assert here.store.taken[0].tenant == "games" and here.store.taken[0].message.keyword == "WIN"


def test_a_set_that_nobody_wants_stays_and_is_tried_at_each_look():
    here = Here()
    here.desk.start()
    here.send("54009", LONG)
    assert not here.store.taken and len(here.store.sets) == 1
    assert here.metric('smsgwd_mo_total{connector="sim",result="unrouted"} 1.0')
    here.desk._routes = MoRoutes([MoRule(webhook="shop")])  # the operator adds a route
    here.reactor.advance(60)
    assert [each.tenant for each in here.store.taken] == ["shop"] and not here.store.sets
    assert here.metric('smsgwd_mo_total{connector="sim",result="unrouted"} 1.0')


def test_complete_sets_of_before_the_start_go_on_at_once():
    here = Here()
    for change in here.parts("54001", LONG):
        here.store.keep(change)
    here.desk.start()
    assert [each.message.text for each in here.store.taken] == [LONG]
    here.reactor.advance(600)
    assert len(here.store.taken) == 1


@pytest.mark.parametrize(("wait_ms", "within_s"), [(600_000, 660), (3_000, 6)])
def test_what_is_there_goes_on_marked_when_the_rest_does_not_come(wait_ms, within_s):
    here = Here(part_wait_ms=wait_ms)
    here.desk.start()
    made = here.parts("54001", LONG)
    here.desk.kept([here.store.keep(made[1])])
    here.reactor.advance(wait_ms / 1000 - 1)
    assert not here.store.taken
    for _ in range(within_s):
        here.reactor.advance(1)
    (change,) = here.store.taken
    assert (change.message.missing, change.message.parts, change.done) == (2, 3, made[0].key)
    assert change.message.text.startswith("\ufffd") and change.message.text.endswith("\ufffd")
    assert here.metric('smsgwd_mo_total{connector="sim",result="incomplete"} 1.0')


def test_a_look_does_not_take_what_is_in_hand():
    here = Here()
    here.store.hold = True
    here.send("54001", LONG)
    here.desk.start()
    assert len(here.store.waiting) == 1
    here.store.finish()
    assert len(here.store.taken) == 1 and not here.store.waiting


def test_a_look_that_read_before_the_set_was_taken_does_not_take_it_again():
    here = Here()
    here.store.hold_reads = True
    here.store.hold = True
    made = here.parts("54001", LONG)
    kept = [here.store.keep(each) for each in made]
    here.desk.start()  # it reads the whole set
    here.desk.kept(kept)
    here.store.finish()  # and the set is done with before the answer comes
    here.store.answer_read()
    assert len(here.store.taken) == 1 and not here.store.waiting


def test_what_a_look_took_is_not_taken_when_its_last_part_is_told():
    here = Here()
    here.store.hold = True
    kept = [here.store.keep(each) for each in here.parts("54001", LONG)]
    here.desk.start()
    here.desk.kept(kept)
    assert len(here.store.waiting) == 1


def test_another_message_under_the_same_reference_is_another():
    here = Here()
    here.store.hold = True
    here.send("54001", LONG)
    here.send("54001", LONG.upper())
    here.store.finish()
    here.store.finish()
    assert [each.message.text for each in here.store.taken] == [LONG, LONG.upper()]


def test_a_store_that_fails_loses_nothing():
    here = Here()
    here.desk.start()
    here.store.failing = StoreUnavailable("disk full")
    here.send("54001", LONG)
    assert not here.store.taken and len(here.store.sets) == 1
    here.reactor.advance(30)
    here.store.failing = None
    here.reactor.advance(5)
    assert len(here.store.taken) == 1 and here.outbox.items == ["owed shop"]


def test_one_poisonous_set_does_not_keep_the_others():
    here = Here()
    for ref, text in enumerate(("WIN " + LONG, LONG)):
        for change in here.parts("54001", text, ref=ref):
            here.store.keep(change)
    here.store.failing = ValueError
    here.desk.start()
    assert [each.tenant for each in here.store.taken] == ["shop"]
    here.store.failing = None
    here.reactor.advance(60)
    assert [each.tenant for each in here.store.taken] == ["shop", "games"]


def test_sets_that_nobody_wants_do_not_hide_others():
    here = Here()
    here.desk.start()
    for number in range(450):
        for change in here.parts("54009", LONG, source=f"3069{number}"):
            here.store.keep(change)
    for change in here.parts("54001", LONG):
        here.store.keep(change)
    for _ in range(5):
        here.reactor.advance(60)
    assert [each.tenant for each in here.store.taken] == ["shop"]


def test_a_full_page_is_followed_at_once():
    here = Here()
    for number in range(450):
        for change in here.parts("54001", LONG, source=f"3069{number}"):
            here.store.keep(change)
    here.desk.start()
    here.reactor.advance(1)
    here.reactor.advance(1)
    assert len(here.store.taken) == 450


def test_stop_and_parts_together_say_nothing_when_a_part_is_missing():
    here = Here(part_wait_ms=1000)
    here.desk.start()
    here.store.keep(
        KeepMoPart(MoSetKey("g", ME, "54001", 1, 2, 8), 1, here.mo("54001", b"\5\0\3\1\2\1STOP", esm_class=0x40))
    )
    here.reactor.advance(1)
    here.reactor.advance(1)
    (change,) = here.store.taken
    assert change.opts_out is None and change.message.missing == 1


def test_after_stop_nothing_is_looked_for():
    here = Here()
    here.desk.start()
    here.desk.stop()
    here.reactor.advance(1000)
    assert len(here.store.reads) == 1 and not here.reactor.getDelayedCalls()


def test_alerts_go_by_the_esme_address():
    here = Here()
    assert here.desk.alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"12345"))
    assert not here.desk.alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"777"))
    assert not here.desk.alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"999"))
    assert not here.desk.alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"700"))
    assert here.alerts == ["esme"]

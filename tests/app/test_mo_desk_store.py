"""The desk over the embedded store: whole messages once each, whatever the order, repetitions and restarts."""

from __future__ import annotations

import random
from collections import Counter
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry
from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.accounts.directory import Directory
from smsgwd.app.mo_desk import MoDesk
from smsgwd.gsm.segment import segments
from smsgwd.mo.routes import MoRoutes, MoRule
from smsgwd.model.changes import KeepMoPart, MoKept, PutTenant
from smsgwd.model.mo import Mo, unpack_mo_message
from smsgwd.model.outbox import target_of
from smsgwd.model.tenant import Tenant
from smsgwd.net.clock import SystemClock
from smsgwd.smpp import tags as t
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeOutbox

SHOP = Tenant("shop", webhook_url="https://shop.example/events")
WINDOWS, IN_A_WINDOW = 4, 12


def parts_of(text, style, ref, source, now):
    """The deliver_sm of a long text."""
    cut = segments(text, ref=ref, style="udh8" if style == "sar" else style)
    for seq, piece in enumerate(cut, 1):
        if style == "sar":
            tlvs = (
                (t.SAR_MSG_REF_NUM, ref.to_bytes(2, "big")),
                (t.SAR_TOTAL_SEGMENTS, bytes((len(cut),))),
                (t.SAR_SEGMENT_SEQNUM, bytes((seq,))),
            )
            yield Mo("sim", now, source, "54001", data_coding=piece.data_coding, body=piece.body, tlvs=tlvs)
        else:
            body = piece.udh + piece.body
            yield Mo("sim", now, source, "54001", esm_class=0x40, data_coding=piece.data_coding, body=body)


class DeskStoreTests(TestCase):
    timeout = 60

    def setUp(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.clock = SystemClock()

    def new_desk(self, store):
        desk = MoDesk(
            routes=MoRoutes([MoRule(webhook="shop")]),
            directory=Directory([SHOP]),
            tenants={"shop": SHOP}.get,
            store=store,
            clock=self.clock,
            reactor=reactor,
            outbox=FakeOutbox(),
            alert=lambda *_: False,
            alphabets={},
            part_wait_ms=60_000,
            stop_words=(),
            start_words=(),
            metrics=Metrics(CollectorRegistry()),
        )
        desk.start()
        return desk

    @inlineCallbacks
    def test_each_message_once(self):
        chance = random.Random(11)
        store = EmbeddedStore(reactor, self.directory)
        yield store.open()
        yield store.commit([PutTenant(SHOP)])
        desk = self.new_desk(store)
        sent = Counter()
        for window in range(WINDOWS):
            parts = []
            for number in range(IN_A_WINDOW):  # the references of the window before, used again
                text = f"{window}-{number} " + chance.choice(("plain words ", "λόγια ", "😀 ")) * chance.randrange(
                    30, 60
                )
                sent[text] += 1
                style = chance.choice(("udh8", "udh16", "sar"))
                parts += parts_of(text, style, number % 3, f"3069{number // 3}", self.clock.now_ms())
            parts += chance.sample(parts, len(parts) // 3)  # the SMSC repeats itself
            chance.shuffle(parts)
            for mo in parts:
                change = desk.change(mo, "group")
                assert isinstance(change, KeepMoPart)
                (result,) = yield store.commit([change])
                assert isinstance(result, MoKept)
                if chance.random() < 0.9:
                    desk.kept([result])
                else:  # killed before it heard that the part is durable
                    desk.stop()
                    if chance.random() < 0.5:
                        yield store.close()
                        store = EmbeddedStore(reactor, self.directory)
                        yield store.open()
                    desk = self.new_desk(store)
        desk.stop()
        desk = self.new_desk(store)
        target = target_of("shop", SHOP.webhook_url)
        items = []
        while len(items) < sum(sent.values()):
            yield deferLater(reactor, 0.05, lambda: None)
            items = yield store.outbox(target, None, 10_000)
        desk.stop()
        left = yield store.mo_sets(self.clock.now_ms() + 1, 100)
        yield store.close()
        got = Counter(unpack_mo_message(item.payload).text for item in items)
        self.assertEqual(got, sent)
        self.assertEqual(left, [])

"""Tempers of the simulated SMSC: what is drawn, and what an ESME sees of each."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smsgwd.cli.simulate import simulate
from smsgwd.simulator.options import SmscOptions
from smsgwd.simulator.record import LinkLine, SubmitLine, each_smsc_line, read_submits
from smsgwd.simulator.tempers import MUTE, TWICE, Tempers, opposite, stray
from smsgwd.smpp import events as e
from tests.simulator.test_smsc import _Case, runs


def test_equal_seeds_draw_equally_and_shares_are_kept():
    options = SmscOptions(mute_pct=10, twice_pct=30, receipt_lost_pct=50)
    one, other = Tempers(options), Tempers(options)
    drawn = [one.submit() for _ in range(2000)]
    assert drawn == [other.submit() for _ in range(2000)]
    counts = Counter(drawn)
    assert 150 < counts[MUTE] < 250 and 500 < counts[TWICE] < 700 and counts.keys() == {MUTE, TWICE, ""}
    assert 900 < sum(one.receipt() != "" for _ in range(2000)) < 1100


def test_nothing_asked_nothing_wrong():
    tempers = Tempers(SmscOptions())
    assert not tempers.active and tempers.submit() == tempers.receipt() == ""
    assert tempers.jitter() == 0.0 and not tempers.closes()


def test_the_first_binds_are_closed_and_then_a_share():
    tempers = Tempers(SmscOptions(close_after_bind=2))
    assert [tempers.closes() for _ in range(4)] == [True, True, False, False]
    tempers = Tempers(SmscOptions(close_after_bind_pct=50))
    assert 30 < sum(tempers.closes() for _ in range(100)) < 70


@pytest.mark.parametrize("sequence", [1, 0x7FFF_FFFF, 0x7F00_0000])
def test_a_stray_answer_has_a_legal_sequence_that_is_far_away(sequence: int):
    assert 1 <= stray(sequence) <= 0x7FFF_FFFF
    assert abs(stray(sequence) - sequence) > 1_000_000


def test_what_contradicts_what():
    assert (opposite("DELIVRD")[0], opposite("UNDELIV")[0], opposite("EXPIRED")[0]) == ("UNDELIV", "DELIVRD", "DELIVRD")


def test_shares_of_more_than_all_are_refused():
    result = CliRunner().invoke(simulate, ["smsc", "--mute-pct", "60", "--drop-pct", "50"])
    assert result.exit_code == 2 and "add up to 110 %" in result.output


class Submits(_Case):
    @runs
    async def test_a_mute_one_answers_nothing_and_takes_half(self):
        smsc, port = self.bench.smsc(mute_pct=100)
        esme = await self.bench.esme(port)
        for number in range(60):
            esme.submit(text=b"%d" % number)
        await esme.until(lambda: len(esme.received_pdus) >= smsc.stats.accepted > 10 and smsc.stats.submits == 60)
        assert not esme.responses and smsc.stats.unanswered == smsc.stats.faults["mute"] == 60
        assert smsc.stats.accepted < 50

    @runs
    async def test_answers_come_twice(self):
        smsc, port = self.bench.smsc(twice_pct=100, receipts=False)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.responses) + len(esme.of(e.UnmatchedResponse)) == 2)
        assert smsc.stats.accepted == 1

    @runs
    async def test_a_shuffled_answer_comes_behind_later_ones(self):
        smsc, port = self.bench.smsc(shuffle_pct=30, receipts=False, seed=5)
        esme = await self.bench.esme(port)
        for number in range(20):
            esme.submit(text=b"%d" % number)
        await esme.until(lambda: len(esme.responses) == 20)
        order = [pdu.sequence for pdu in esme.responses]
        assert order != sorted(order) and len(set(order)) == 20
        assert 0 < smsc.stats.faults["shuffle"] < 20

    @runs
    async def test_a_stray_answer_is_nobodys(self):
        _, port = self.bench.smsc(stray_pct=100, receipts=False)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: bool(esme.of(e.UnmatchedResponse)))
        assert not esme.responses

    @runs
    async def test_a_drop_is_an_answer_too(self):
        smsc, port = self.bench.smsc(drop_pct=100)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: esme.lost is not None)
        assert not esme.responses and smsc.stats.drops == smsc.stats.faults["drop"] == 1

    @runs
    async def test_a_stalled_connection_reads_again_later(self):
        smsc, port = self.bench.smsc(stall_pct=100, stall_ms=150, receipts=False)
        esme = await self.bench.esme(port)
        esme.submit(text=b"first")
        await esme.until(lambda: len(esme.responses) == 1)
        began = smsc.monotonic()
        esme.submit(text=b"second")
        await esme.until(lambda: len(esme.responses) == 2)
        assert smsc.monotonic() - began > 0.1

    @runs
    async def test_binds_are_closed_at_once(self):
        smsc, port = self.bench.smsc(close_after_bind=1)
        first = await self.bench.esme(port)
        await first.until(lambda: first.lost is not None)
        assert first.of(e.Bound) and smsc.stats.faults["close-after-bind"] == 1
        second = await self.bench.esme(port)
        second.submit()
        await second.until(lambda: len(second.received_pdus) == 1)


class Receipts(_Case):
    async def _stats_of(self, count: int, **options: Any) -> list[bytes]:
        _, port = self.bench.smsc(**options)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == count)
        return [pdu.short_message for pdu in esme.received_pdus]

    @runs
    async def test_twice(self):
        one, other = await self._stats_of(2, receipt_twice_pct=100)
        assert one == other and b"stat:DELIVRD" in one

    @runs
    async def test_contradicting(self):
        one, other = await self._stats_of(2, contradict_pct=100)
        assert b"stat:DELIVRD" in one and b"stat:UNDELIV" in other
        assert one.split()[0] == other.split()[0]

    @runs
    async def test_lost(self):
        smsc, port = self.bench.smsc(receipt_lost_pct=100)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.responses) == 1)
        assert smsc.summary()["receipts_waiting"] == 0 and smsc.stats.faults["receipt-lost"] == 1

    @runs
    async def test_of_another(self):
        smsc, port = self.bench.smsc(wrong_id_pct=100, id_base=1000)
        esme = await self.bench.esme(port)
        for _ in range(20):
            esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == 20)
        named = [pdu.short_message.split()[0].removeprefix(b"id:") for pdu in esme.received_pdus]
        own = [b"%d" % number for number in range(1001, 1021)]
        before = [name for name, mine in zip(named, own, strict=True) if int(name) == int(mine) - 1]
        nobodys = [name for name, mine in zip(named, own, strict=True) if name == b"9" + mine]
        assert before and nobodys and len(before) + len(nobodys) == 20
        assert smsc.stats.faults["wrong-id"] == 20


class Recorded(_Case):
    @runs
    async def test_what_went_wrong_is_in_the_record(self):
        record = Path(self.mktemp())
        smsc, port = self.bench.smsc(
            stray_pct=100, wrong_id_pct=100, undeliv_pct=100, record=str(record), resp_delay_ms=20, seed=1
        )
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == 1)
        [line] = (found for found in each_smsc_line(record) if isinstance(found, SubmitLine))
        assert (line.fault, line.stat, line.answered, line.link) == ("stray,wrong-id", "UNDELIV", False, 1)
        assert line.receipt and line.receipt != line.id
        assert read_submits(record) == [line]
        assert smsc.stats.accepted == 1

    @runs
    async def test_an_answer_that_finds_its_connection_gone_is_in_the_record(self):
        record = Path(self.mktemp())
        smsc, port = self.bench.smsc(resp_delay_ms=100, drop_after=2, record=str(record), receipts=False)
        esme = await self.bench.esme(port)
        esme.submit()
        esme.submit()
        await esme.until(lambda: esme.lost is not None)
        other = await self.bench.esme(port)
        other.submit()
        await other.until(lambda: len(other.responses) == 1)
        smsc.stop()
        lines = list(each_smsc_line(record))
        ids = {line.id for line in lines if isinstance(line, SubmitLine) and line.link == 1}
        events = [line for line in lines if isinstance(line, LinkLine)]
        assert {line.id for line in events if line.link_event == "unanswered"} == ids and len(ids) == 2
        assert [line.link for line in events if line.link_event == "closed"] == [1]

"""The simulated SMSC over real loopback sockets, with our own session as the ESME."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.trial.unittest import TestCase

from smsgwd.simulator.record import read_submits
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp.fields import SmeDestination
from smsgwd.smpp.tags import MESSAGE_PAYLOAD, SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS
from smsgwd.smpp.tlv import pack_tlvs
from tests.simulator.esme import Bench, reactor


def runs(test: Callable[[Any], Coroutine[Any, Any, None]]) -> Callable[[Any], Deferred[None]]:
    """A test that is a coroutine."""

    @wraps(test)
    def run(case: Any) -> Deferred[None]:
        return ensureDeferred(test(case))

    return run


class _Case(TestCase):
    timeout = 10

    def setUp(self) -> None:
        self.bench = Bench(self)


class Binds(_Case):
    @runs
    async def test_the_three_binds_are_let_in_and_receipts_go_only_to_receiving_ones(self):
        smsc, port = self.bench.smsc()
        transmitter = await self.bench.esme(port, p.BindTransmitter(system_id=b"a"))
        receiver = await self.bench.esme(port, p.BindReceiver(system_id=b"a"))
        stranger = await self.bench.esme(port, p.BindTransceiver(system_id=b"b"))
        assert smsc.stats.binds == smsc.stats.binds_now == 3
        transmitter.submit()
        await receiver.until(lambda: len(receiver.received_pdus) == 1)
        assert receiver.received_pdus[0].source_addr == b"306912345678"
        assert transmitter.received_pdus == stranger.received_pdus == []

    @runs
    async def test_credentials_are_checked_when_given(self):
        smsc, port = self.bench.smsc(system_id="gw", password="gw")
        for system_id, password, status in ((b"gw", b"no", 0x0E), (b"xx", b"gw", 0x0F)):
            esme = await self.bench.esme(port, p.BindTransceiver(system_id=system_id, password=password))
            assert [event.status for event in esme.of(e.BindFailed)] == [status]
        good = await self.bench.esme(port)
        assert good.of(e.Bound) and smsc.stats.binds_refused == 2

    @runs
    async def test_binds_are_refused_so_many_times(self):
        _, port = self.bench.smsc(refuse_bind=0x0D, refuse_times=1)
        first = await self.bench.esme(port)
        assert [event.status for event in first.of(e.BindFailed)] == [0x0D]
        second = await self.bench.esme(port)
        assert second.of(e.Bound)

    @runs
    async def test_we_unbind(self):
        _, port = self.bench.smsc(unbind_after_s=0.05)
        esme = await self.bench.esme(port)
        await esme.until(lambda: esme.lost is not None)
        assert esme.of(e.PeerUnbound)

    @runs
    async def test_silent_links_are_probed(self):
        smsc, port = self.bench.smsc(enquire_s=0.05)
        esme = await self.bench.esme(port)
        heard: Deferred[None] = Deferred()
        reactor.callLater(0.3, heard.callback, None)
        await heard
        assert esme.lost is None and smsc.stats.binds_now == 1  # it answers, so it lives

    @runs
    async def test_outbind(self):
        from twisted.internet.protocol import Factory

        from smsgwd.net.clock import SystemClock
        from smsgwd.net.smpp import SmppConnection
        from smsgwd.net.turn import Turn
        from smsgwd.smpp.config import SessionConfig
        from smsgwd.smpp.session_table import Role
        from tests.simulator.esme import Esme

        class Waiting(Esme):
            def connected(self, connection):
                self.connection = connection

            def received(self, connection, events):
                if any(isinstance(event, e.OutbindRequest) for event in events):
                    connection.bind(self._bind)
                super().received(connection, events)

        esme = Waiting(p.BindReceiver(system_id=b"gw"))
        connection = SmppConnection(
            Role.ESME, SessionConfig(), esme, reactor=reactor, clock=SystemClock(), turn=Turn(reactor)
        )
        listening = reactor.listenTCP(0, Factory.forProtocol(lambda: connection), interface="127.0.0.1")
        self.addCleanup(listening.stopListening)
        self.bench.smsc(outbind=f"127.0.0.1:{listening.getHost().port}", smsc_id="carrier")
        await esme.until(lambda: bool(esme.of(e.Bound)))
        assert [event.pdu.system_id for event in esme.of(e.OutbindRequest)] == [b"carrier"]
        connection.abort("done")
        await esme.until(lambda: esme.lost is not None)


class Submits(_Case):
    @runs
    async def test_response_then_receipt_with_the_same_id(self):
        smsc, port = self.bench.smsc()
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == 1)
        response = esme.responses[0]
        assert isinstance(response, p.SubmitSmResp) and response.status == 0
        assert b"id:" + response.message_id + b" " in esme.received_pdus[0].short_message
        assert esme.order == ["response", "deliver"]
        assert (smsc.stats.accepted, smsc.stats.receipts_sent) == (1, 1)

    @runs
    async def test_ids_in_other_forms(self):
        _, port = self.bench.smsc(id_form="hex", receipt_id_form="dec", id_base=0xABCDEF)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == 1)
        assert esme.responses[0].message_id == b"abcdf0"
        assert esme.received_pdus[0].short_message.startswith(b"id:11259376 ")

    @runs
    async def test_receipts_before_their_response(self):
        _, port = self.bench.smsc(before_resp_pct=100)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.order) == 2)
        assert esme.order == ["deliver", "response"]

    @runs
    async def test_nothing_without_registered_delivery_and_failures_only(self):
        _smsc, port = self.bench.smsc(undeliv_pct=50)
        esme = await self.bench.esme(port)
        for number in range(200):
            esme.submit(dest=f"30691000{number:04d}", registered=0 if number < 100 else 2)
        await esme.until(lambda: len(esme.responses) == 200)
        esme.submit(dest="30692", registered=1)
        await esme.until(lambda: bool(esme.received_pdus) and esme.received_pdus[-1].source_addr == b"30692")
        others = esme.received_pdus[:-1]
        assert 20 < len(others) < 80  # of the hundred that asked for failures
        assert all(b"stat:UNDELIV" in pdu.short_message for pdu in others)
        assert all(pdu.source_addr >= b"306910000100" for pdu in others)

    @runs
    async def test_intermediate_receipts(self):
        _, port = self.bench.smsc()
        esme = await self.bench.esme(port)
        esme.submit(registered=0x11)
        await esme.until(lambda: len(esme.received_pdus) == 2)
        assert [pdu.esm_class for pdu in esme.received_pdus] == [0x20, 0x04]

    @runs
    async def test_delays(self):
        _, port = self.bench.smsc(resp_delay_ms=60, receipt_delay_ms=60)
        esme = await self.bench.esme(port)
        begun = reactor.seconds()
        esme.submit()
        await esme.until(lambda: len(esme.responses) == 1)
        answered = reactor.seconds() - begun
        await esme.until(lambda: len(esme.received_pdus) == 1)
        assert answered >= 0.055 and reactor.seconds() - begun >= 0.115

    @runs
    async def test_shares_of_answers_and_no_receipt_for_what_was_refused(self):
        smsc, port = self.bench.smsc(reject_pct=30, throttle_pct=20)
        esme = await self.bench.esme(port)
        for number in range(500):
            esme.submit(dest=f"30691000{number:04d}")
        await esme.until(lambda: len(esme.responses) == 500)
        refused = [pdu for pdu in esme.responses if pdu.status]
        assert {pdu.status for pdu in refused} == {0x45, 0x58} and 200 < len(refused) < 300
        assert all(pdu.message_id == b"" for pdu in refused)
        await esme.until(lambda: len(esme.received_pdus) == 500 - len(refused))
        assert smsc.stats.accepted == 500 - len(refused)
        assert sum(smsc.stats.refused.values()) == len(refused)

    @runs
    async def test_a_mute_smsc(self):
        smsc, port = self.bench.smsc(mute=True)
        esme = await self.bench.esme(port)
        esme.submit()
        esme.request(p.QuerySm(message_id=b"1"))
        await esme.until(lambda: len(esme.responses) == 1)
        assert isinstance(esme.responses[0], p.QuerySmResp)
        assert (smsc.stats.submits, smsc.stats.accepted, smsc.stats.unanswered) == (1, 0, 1)

    @runs
    async def test_data_sm_and_submit_multi(self):
        _, port = self.bench.smsc()
        esme = await self.bench.esme(port)
        esme.request(
            p.DataSm(destination_addr=b"3069", registered_delivery=1, tlvs=pack_tlvs({MESSAGE_PAYLOAD: b"long" * 100}))
        )
        dests = (SmeDestination(1, 1, b"3061"), SmeDestination(1, 1, b""), SmeDestination(1, 1, b"3062"))
        esme.request(p.SubmitMulti(dest_addresses=dests, registered_delivery=1, short_message=b"x"))
        await esme.until(lambda: len(esme.received_pdus) == 3)
        assert [pdu.source_addr for pdu in esme.received_pdus] == [b"3069", b"3061", b"3062"]
        data, multi = esme.responses
        assert isinstance(data, p.DataSmResp) and data.message_id
        assert isinstance(multi, p.SubmitMultiResp)
        assert [(refused.addr, refused.status) for refused in multi.unsuccess_smes] == [(b"", 0x0B)]

    @runs
    async def test_no_destination_is_refused(self):
        _, port = self.bench.smsc()
        esme = await self.bench.esme(port)
        esme.submit(dest="")
        await esme.until(lambda: len(esme.responses) == 1)
        assert esme.statuses() == [0x0B]

    @runs
    async def test_query_cancel_replace(self):
        _smsc, port = self.bench.smsc(receipt_delay_ms=60_000)
        esme = await self.bench.esme(port)
        esme.submit()
        await esme.until(lambda: len(esme.responses) == 1)
        message_id = esme.responses[0].message_id
        for pdu in (
            p.QuerySm(message_id=message_id),
            p.ReplaceSm(message_id=message_id, short_message=b"new", registered_delivery=1),
            p.CancelSm(message_id=message_id),
            p.QuerySm(message_id=message_id),
            p.CancelSm(message_id=message_id),
            p.ReplaceSm(message_id=message_id),
            p.QuerySm(message_id=b"nobody's"),
        ):
            esme.request(pdu)
        await esme.until(lambda: len(esme.responses) == 8 and len(esme.received_pdus) == 1)
        assert esme.statuses()[1:] == [0, 0, 0, 0, 0x11, 0x13, 0x67]
        before, after = esme.responses[1], esme.responses[4]
        assert (before.message_state, before.final_date) == (1, b"")
        assert (after.message_state, len(after.final_date)) == (4, 16)
        assert b"stat:DELETED" in esme.received_pdus[0].short_message
        assert esme.received_pdus[0].short_message.endswith(b"text:new")


class Receipts(_Case):
    @runs
    async def test_without_a_receiving_bind_they_wait_for_the_next_one(self):
        smsc, port = self.bench.smsc()
        transmitter = await self.bench.esme(port, p.BindTransmitter(system_id=b"gw"))
        for number in range(5):
            transmitter.submit(dest=f"3069{number}")
        await transmitter.until(lambda: len(transmitter.responses) == 5)
        assert smsc.summary()["receipts_waiting"] == 5
        receiver = await self.bench.esme(port, p.BindReceiver(system_id=b"gw"))
        await receiver.until(lambda: len(receiver.received_pdus) == 5)
        assert [pdu.source_addr for pdu in receiver.received_pdus] == [b"3069%d" % n for n in range(5)]

    @runs
    async def test_unacknowledged_ones_come_again_after_a_disconnect(self):
        smsc, port = self.bench.smsc(receipt_window=3)
        silent = await self.bench.esme(port, answer=None)
        for number in range(5):
            silent.submit(dest=f"3069{number}")
        await silent.until(lambda: len(silent.received_pdus) == 3)  # the window
        silent.connection.abort("gone")
        await silent.until(lambda: silent.lost is not None)
        again = await self.bench.esme(port)
        await again.until(lambda: len(again.received_pdus) == 5)
        assert [pdu.source_addr for pdu in again.received_pdus] == [b"3069%d" % n for n in range(5)]
        assert smsc.stats.receipts_redelivered == 3

    @runs
    async def test_nacked_ones_come_again_when_wanted(self):
        smsc, port = self.bench.smsc(receipt_retry_ms=20)
        esme = await self.bench.esme(port, answer=0x64)
        esme.submit()
        await esme.until(lambda: len(esme.received_pdus) == 3)
        esme.answer = 0
        await esme.until(lambda: len(esme.received_pdus) == 4)
        esme.submit(dest="1", registered=0)
        await esme.until(lambda: len(esme.responses) == 2)
        assert smsc.stats.receipts_nacked == {0x64: 3} and smsc.stats.receipts_acked == 1

    @runs
    async def test_by_another_bind_on_purpose(self):
        _, port = self.bench.smsc(receipts_via="other")
        one, other = await self.bench.esme(port), await self.bench.esme(port)
        one.submit()
        await other.until(lambda: len(other.received_pdus) == 1)
        assert one.received_pdus == []

    @runs
    async def test_long_mo_messages(self):
        smsc, port = self.bench.smsc(mo_rate=100, mo_count=2, mo_text="y" * 200, mo_to="54321")
        esme = await self.bench.esme(port)
        await esme.until(lambda: len(esme.received_pdus) == 4)
        assert {pdu.destination_addr for pdu in esme.received_pdus} == {b"54321"}
        assert all(pdu.esm_class == 0x40 for pdu in esme.received_pdus)
        esme.submit(registered=0)
        await esme.until(lambda: len(esme.responses) == 1)
        assert smsc.stats.mo_acked == 4


class Faults(_Case):
    @runs
    async def test_a_drop_answers_what_came_before_and_not_the_last_ones(self):
        smsc, port = self.bench.smsc(drop_after=10, drop_unanswered=3, drop_times=1)
        esme = await self.bench.esme(port)
        for number in range(12):
            esme.submit(dest=f"30690{number}", registered=0)
        await esme.until(lambda: esme.lost is not None)
        assert len(esme.responses) == 7
        assert [pdu.destination_addr for pdu in esme.lost.unanswered] == [b"30690%d" % n for n in range(7, 12)]
        assert (smsc.stats.accepted, smsc.stats.unanswered, smsc.stats.drops) == (7, 3, 1)
        again = await self.bench.esme(port)
        for number in range(20):
            again.submit(dest=f"30691{number}", registered=0)
        await again.until(lambda: len(again.responses) == 20)

    @runs
    async def test_a_drop_that_took_the_last_ones_sends_their_receipts_later(self):
        smsc, port = self.bench.smsc(drop_after=2, drop_unanswered=1, drop_accepted=True, drop_times=1)
        esme = await self.bench.esme(port)
        esme.submit(dest="30691", registered=0)
        esme.submit(dest="30692")
        await esme.until(lambda: esme.lost is not None)
        again = await self.bench.esme(port)
        await again.until(lambda: len(again.received_pdus) == 1)
        assert again.received_pdus[0].source_addr == b"30692" and smsc.stats.accepted == 2

    @runs
    async def test_garbage_in_frames_leaves_the_session_up(self):
        smsc, port = self.bench.smsc(garbage_every=1, garbage_kinds="0123")
        esme = await self.bench.esme(port)
        for number in range(4):
            esme.submit(dest=f"3069{number}")
        await esme.until(lambda: len(esme.responses) == 4 and len(esme.received_pdus) == 4)
        assert esme.lost is None and smsc.stats.garbage_sent == 4
        assert len(esme.of(e.UnmatchedResponse)) + len(esme.of(e.ProtocolFault)) == 4
        esme.submit(dest="1")
        await esme.until(lambda: len(esme.responses) == 5)
        assert smsc.stats.generic_nacks_received >= 1

    @runs
    async def test_garbage_that_breaks_the_framing_ends_it_after_the_answer(self):
        _, port = self.bench.smsc(garbage_every=2, garbage_kinds="5")
        esme = await self.bench.esme(port)
        esme.submit(dest="1", registered=0)
        esme.submit(dest="2", registered=0)
        await esme.until(lambda: esme.lost is not None)
        assert len(esme.responses) == 2

    @runs
    async def test_garbage_from_the_peer_is_counted_and_confined(self):
        smsc, port = self.bench.smsc()
        rude, good = await self.bench.esme(port), await self.bench.esme(port)
        rude.connection.transport.write(b"GET / HTTP/1.1\r\n\r\n")
        await rude.until(lambda: rude.lost is not None)
        good.submit()
        await good.until(lambda: len(good.received_pdus) == 1)
        assert smsc.stats.protocol_faults == 1 and smsc.stats.binds_now == 1


class Records(_Case):
    @runs
    async def test_each_accepted_submit_is_a_line(self):
        path = self.mktemp()
        smsc, port = self.bench.smsc(record=path, receipt_delay_ms=500)
        esme = await self.bench.esme(port)
        esme.submit(dest="30691", text=b"\x05\x00\x03\x07\x02\x01ab", esm_class=0x40, data_coding=8)
        sar = pack_tlvs({SAR_MSG_REF_NUM: 9, SAR_TOTAL_SEGMENTS: 2, SAR_SEGMENT_SEQNUM: 1})
        esme.submit(dest="30692", tlvs=sar, validity_period=b"000001000000000R")
        esme.submit(dest="30692", tlvs=sar)
        esme.submit(dest="")
        await esme.until(lambda: len(esme.responses) == 4)
        smsc.recorder.flush()
        lines = read_submits(path)
        assert [line.dest for line in lines] == ["+30691", "+30692", "+30692"]
        assert (lines[0].udh, lines[0].body, lines[0].esm_class, lines[0].data_coding) == (
            "050003070201", "0500030702016162", 0x40, 8,
        )  # fmt: skip
        assert (lines[1].sar, lines[1].validity, lines[1].source) == ("9/2/1", "000001000000000R", "iSMS")
        assert [line.id for line in lines] == [pdu.message_id.decode() for pdu in esme.responses[:3]]
        assert abs(lines[0].due - lines[0].at - 0.5) < 0.001
        assert (smsc.stats.unique_messages, smsc.stats.duplicates) == (2, 1)

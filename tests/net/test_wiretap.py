"""What a tap sees of real connections over fake transports: whole PDUs, from the middle too, and whose they are."""

from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from smsgwd.net.smpp import SmppConnection
from smsgwd.net.turn import Turn
from smsgwd.net.wiretap import Link, Wiretap
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.pdu import BindTransceiver, DeliverSm, SubmitSm
from smsgwd.smpp.session_table import Role
from tests.net.fake_wire import FakeClock, Wire
from tests.net.test_smpp import Recorder, submit


class Looks:
    def __init__(self, **about):
        self.about = about
        self.frames = []

    def wants(self, link):
        return all(getattr(link, name) == value for name, value in self.about.items())

    def seen(self, frame):
        self.frames.append(frame)

    def told(self):
        return [(">" if each.sent else "<") + decode(each.octets).name for each in self.frames]


class Stand:
    def __init__(self):
        self.clock = FakeClock()
        self.tap = Wiretap(self.clock.monotonic)
        self.esme, self.smsc = Recorder(), Recorder(serve=True)
        self.turn = Turn(self.clock.reactor)
        self.left = self.make(Role.ESME, self.esme, Link(connector="sim", bind=1))
        self.right = self.make(Role.SMSC, self.smsc, Link(listener="smpp"))

    def make(self, role, owner, link):
        return SmppConnection(
            role,
            SessionConfig(),
            owner,
            reactor=self.clock.reactor,
            clock=self.clock,
            turn=self.turn,
            tap=self.tap,
            link=link,
        )

    def join(self):
        self.wire = Wire(self.clock.reactor, self.left, self.right)
        self.wire.pump()
        return self


def test_both_sides_from_the_start():
    stand = Stand()
    ours, theirs = Looks(connector="sim"), Looks(listener="smpp")
    stand.tap.add(ours)
    stand.tap.add(theirs)
    stand.join()
    stand.left.request(submit(), None)
    stand.wire.pump()
    assert ours.told() == [">bind_transceiver", "<bind_transceiver_resp", ">submit_sm", "<submit_sm_resp"]
    assert theirs.told() == ["<bind_transceiver", ">bind_transceiver_resp", "<submit_sm", ">submit_sm_resp"]
    assert {each.name for each in ours.frames} == {"sim/1"}
    assert ours.frames[0].link.theirs == ("192.0.2.1", 2775) and ours.frames[0].link.ours == ("192.0.2.2", 40000)
    assert ours.frames[0].link.number != theirs.frames[0].link.number


def test_an_account_is_known_by_its_bind():
    stand = Stand()
    looks, other = Looks(account="gw"), Looks(account="shop")
    stand.tap.add(looks)
    stand.tap.add(other)
    stand.join()
    assert looks.told() == ["<bind_transceiver", ">bind_transceiver_resp"] and not other.frames
    assert looks.frames[0].name == "gw"


def test_who_begins_in_the_midst_of_a_pdu_sees_it_whole():
    stand = Stand().join()
    frames = [encode(SubmitSm(sequence=n, destination_addr=b"30691", short_message=b"x" * 100)) for n in (2, 3, 4)]
    stream = b"".join(frames)
    stand.right.dataReceived(stream[:150])  # the first, and a part of the second
    looks = Looks(listener="smpp")
    stand.tap.add(looks)
    stand.right.dataReceived(stream[150:200])
    assert looks.frames == []
    stand.right.dataReceived(stream[200:])
    assert [each.octets for each in looks.frames] == frames[1:]


def test_who_joins_while_others_look_elsewhere_begins_right_too():
    stand = Stand().join()
    elsewhere, looks = Looks(connector="other"), Looks(connector="sim")
    stand.tap.add(elsewhere)
    frames = [encode(DeliverSm(sequence=n, destination_addr=b"30691")) for n in (2, 3)]
    stream = b"".join(frames)
    stand.left.dataReceived(stream[:20])
    stand.tap.add(looks)
    stand.left.dataReceived(stream[20:])
    assert [each.octets for each in looks.frames] == frames and not elsewhere.frames


def test_who_leaves_and_comes_back_while_others_stay_begins_anew():
    stand = Stand().join()
    elsewhere, looks = Looks(connector="other"), Looks(connector="sim")
    stand.tap.add(elsewhere)
    stand.tap.add(looks)
    frames = [encode(DeliverSm(sequence=n, destination_addr=b"30691")) for n in (2, 3, 4)]
    stream = b"".join(frames)
    stand.left.dataReceived(stream[:20])
    stand.tap.remove(looks)
    stand.left.dataReceived(stream[20:110])
    stand.tap.add(looks)
    stand.left.dataReceived(stream[110:])
    assert [each.octets for each in looks.frames] == frames[110 // len(frames[0]) :]


def test_nothing_is_kept_once_nobody_looks():
    stand = Stand().join()
    looks = Looks(connector="sim")
    stand.tap.add(looks)
    stand.left.dataReceived(encode(DeliverSm(sequence=2))[:20])
    assert stand.tap.on and stand.tap._reading
    stand.tap.remove(looks)
    assert not stand.tap.on and not stand.tap._reading
    stand.left.dataReceived(encode(DeliverSm(sequence=2))[20:])
    assert looks.frames == []


@given(st.data())
def test_wherever_it_begins_and_however_the_octets_come(data):
    stand = Stand().join()
    texts = data.draw(st.lists(st.binary(max_size=60), min_size=1, max_size=8))
    frames = [encode(DeliverSm(sequence=n, short_message=text)) for n, text in enumerate(texts, 2)]
    stream = b"".join(frames)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)) | {0, len(stream)})
    begins = data.draw(st.sampled_from(cuts))
    looks = Looks(connector="sim")
    for start, stop in pairwise(cuts):
        if start == begins:
            stand.tap.add(looks)
        stand.left.dataReceived(stream[start:stop])
    ends = list(accumulate(map(len, frames)))
    expected = [] if begins == len(stream) else [f for f, end in zip(frames, ends, strict=True) if end > begins]
    assert [each.octets for each in looks.frames if not each.sent] == expected


def test_what_an_unknown_peer_calls_itself_prints():
    stand = Stand()
    looks = Looks(listener="smpp")
    stand.tap.add(looks)
    stand.join()
    fresh = stand.make(Role.SMSC, Recorder(serve=True, answer=False), Link(listener="smpp"))
    Wire(stand.clock.reactor, stand.make(Role.ESME, Recorder(serve=True), Link(connector="x")), fresh)
    fresh.dataReceived(encode(BindTransceiver(system_id=b"a\x1b[2J\r\nb")))
    assert looks.frames[-1].name == "a[2Jb"


def test_a_connection_that_ends_is_forgotten():
    stand = Stand().join()
    stand.tap.add(Looks(connector="sim"))
    stand.left.dataReceived(encode(DeliverSm(sequence=2))[:20])
    stand.wire.cut()
    assert not stand.tap._reading


def test_garbage_is_seen_as_far_as_it_is_pdus():
    stand = Stand().join()
    looks = Looks(connector="sim")
    stand.tap.add(looks)
    stand.left.dataReceived(encode(DeliverSm(sequence=2)) + b"GET / HTTP/1.1\r\n\r\n")
    stand.wire.pump()
    assert looks.told()[0] == "<deliver_sm" and ">generic_nack" in looks.told()

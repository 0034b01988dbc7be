"""Calling absent accounts: outbind, the bind that follows, and growing waits while nothing comes of it."""

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.python.failure import Failure

from smsgwd.accounts.directory import Directory
from smsgwd.model.tenant import EsmeSettings
from smsgwd.net.smpp import SmppConnection
from smsgwd.net.turn import Turn
from smsgwd.northbound.esme.outbinds import Outbinds
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.events import OutbindRequest
from smsgwd.smpp.pdu import BindReceiver, BindTransmitter
from smsgwd.smpp.session_table import Role
from tests.northbound.esme.stand import Esme, Line, Stand, account

CALLED = EsmeSettings(outbind="esme.example:2776", outbind_password="sealed pw")


class Esmes:
    """The side that is called. `answer` makes the bind; None: it hangs up."""

    def __init__(self, *, esme=CALLED, answer=BindReceiver, **options):
        self.stand = Stand(account(esme=esme), account("bob"), system_id="gateway", **options)
        self.directory = Directory([each.tenant for each in self.stand.auth.accounts.values()][:1])
        self.answer = answer
        self.refuse = False
        self.calls = []
        self.outbinds = []
        self.esmes = []
        self.reactor = self.stand.reactor
        self.caller = Outbinds(
            reactor=self.reactor,
            server=self.stand.server,
            directory=self.directory,
            open_secret=lambda sealed: sealed.removeprefix("sealed "),
            random=lambda: 0.5,
            connect=self.connect,
        )

    def connect(self, reactor, host, port, connection):
        self.calls.append((round(self.reactor.seconds(), 1), host, port))
        done = Deferred()
        if self.refuse:
            reactor.callLater(0, done.errback, Failure(ConnectionRefusedError()))
        else:
            reactor.callLater(0, self._made, connection, done)
        return done

    def _made(self, connection, done):
        if done.called:
            return
        clock = self.stand.clock
        esme = Called(self)
        config = SessionConfig(enquire_link=0, session_init=3)
        made = SmppConnection(Role.ESME, config, esme, reactor=self.reactor, clock=clock, turn=Turn(self.reactor))
        esme.line = Line(self.reactor, made, connection, "198.51.100.5")
        self.esmes.append(esme)
        self.stand.lines.append(esme.line)
        done.callback(connection)

    def wanted(self):
        self.caller.wanted("ann")
        self.stand.pump()
        self.stand.advance(0.1, 0.1)

    @property
    def at(self):
        return [call[0] for call in self.calls]


class Called(Esme):
    def __init__(self, owner):
        super().__init__(None)
        self.owner = owner

    def received(self, connection, events):
        super().received(connection, events)
        for event in events:
            if isinstance(event, OutbindRequest):
                self.owner.outbinds.append((event.pdu.system_id, event.pdu.password))
                if self.owner.answer is None:
                    connection.close("not now")
                else:
                    connection.bind(self.owner.answer(system_id=b"ann", password=b"secret"))


def test_the_esme_binds_on_the_connection_and_is_an_ordinary_bind():
    esmes = Esmes()
    esmes.wanted()
    assert esmes.calls == [(0.0, "esme.example", 2776)]
    assert esmes.outbinds == [(b"gateway", b"pw")]
    bind = esmes.stand.only_bind()
    assert bind.receives and bind.address == "198.51.100.5" and esmes.stand.auth.asked[0][0] == "ann"
    assert esmes.stand.answers.of("bound") == [(bind,)]
    for _ in range(5):
        esmes.caller.wanted("ann")
    esmes.stand.advance(60)
    assert len(esmes.calls) == 1 and esmes.esmes[0].bound


def test_ipv6_targets():
    esmes = Esmes(esme=EsmeSettings(outbind="[2001:db8::5]:2776"))
    esmes.wanted()
    assert esmes.calls == [(0.0, "2001:db8::5", 2776)] and esmes.outbinds == [(b"gateway", b"")]


def test_who_does_not_want_it_is_not_called():
    esmes = Esmes(esme=EsmeSettings())
    esmes.wanted()
    esmes.caller.wanted("nobody")
    assert esmes.calls == []


def test_who_receives_already_is_not_called():
    esmes = Esmes()
    esmes.stand.bind()
    esmes.wanted()
    assert esmes.calls == []


def test_waits_grow_while_nobody_answers_and_many_wishes_are_one_call():
    esmes = Esmes()
    esmes.refuse = True
    for _ in range(3):
        esmes.caller.wanted("ann")
    for _ in range(40):
        esmes.stand.advance(1, 1)
        esmes.caller.wanted("ann")
    assert esmes.at == pytest.approx([0, 6, 16, 36], abs=1.5)
    for _ in range(600):
        esmes.stand.advance(10, 10)
        esmes.caller.wanted("ann")
    gaps = [later - earlier for earlier, later in zip(esmes.at, esmes.at[1:], strict=False)]
    assert gaps[-1] == pytest.approx(600, abs=20) and max(gaps) <= 620


@pytest.mark.parametrize("answer", [None, BindTransmitter])
def test_a_call_that_nothing_comes_of_is_repeated(answer):
    esmes = Esmes(answer=answer)
    esmes.wanted()
    assert len(esmes.outbinds) == 1
    esmes.answer = BindReceiver
    esmes.stand.advance(7)
    assert len(esmes.outbinds) == 2 and esmes.stand.server.receives("ann")


def test_an_esme_that_never_binds_is_hung_up_on():
    esmes = Esmes(session_init_s=2)
    esmes.answer = lambda **fields: BindReceiver(**{**fields, "password": b"wrong"})
    esmes.wanted()
    assert esmes.esmes[0].refused == 0x0E
    esmes.stand.advance(7)
    assert len(esmes.outbinds) == 2


def test_one_that_binds_and_leaves_is_not_called_without_end():
    esmes = Esmes()
    for _ in range(20):
        esmes.wanted()
        for esme in esmes.esmes:
            esme.line.cut()
        esmes.stand.advance(0.5)
    assert 2 <= len(esmes.calls) <= 3  # 12 s


def test_what_nobody_wants_any_more_is_no_reason_to_call():
    esmes = Esmes()
    esmes.refuse = True
    esmes.wanted()
    esmes.stand.advance(3000, 5)
    assert esmes.at == pytest.approx([0, 5, 15, 35, 75], abs=12)
    esmes.wanted()
    assert len(esmes.calls) == 6


def test_the_settings_of_now_count():
    esmes = Esmes()
    esmes.refuse = True
    esmes.wanted()
    esmes.directory.replace([account(esme=EsmeSettings(outbind="192.0.2.77:1")).tenant])
    esmes.stand.advance(7)
    assert esmes.calls[-1][1:] == ("192.0.2.77", 1)
    esmes.directory.replace([])
    esmes.stand.advance(600)
    assert len(esmes.calls) == 2


def test_stop_ends_attempts_and_waits():
    esmes = Esmes()
    esmes.refuse = True
    esmes.wanted()
    esmes.caller.stop()
    esmes.stand.advance(60)
    assert len(esmes.calls) == 1
    other = Esmes()
    other.caller.wanted("ann")
    other.caller.stop()
    other.stand.advance(60)
    assert other.esmes == []
    other.wanted()
    assert len(other.calls) == 1


def test_a_secret_that_cannot_be_opened_is_a_failed_call():
    esmes = Esmes()

    def broken(sealed):
        raise ValueError("a secret at rest cannot be opened")

    esmes.caller._open = broken
    esmes.wanted()
    esmes.stand.advance(20)
    assert esmes.calls == []

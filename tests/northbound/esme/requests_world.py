"""`Requests` between a bind that writes down its answers and a gateway that answers when the test wants."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock as TaskClock

from smsgwd.accounts.directory import Account
from smsgwd.model.message import Failure, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.northbound.esme.account import EsmeAccount, EsmeBind
from smsgwd.northbound.esme.requests import Requests
from smsgwd.northbound.pace import Pace
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.pdu import SubmitSm
from smsgwd.smpp.tables import response_to
from smsgwd.telemetry import Metrics
from tests.net.fake_wire import FakeClock


class Connection:
    """What `Requests` uses of a connection; each answer is encoded and read again, as an ESME would."""

    def __init__(self):
        self.session = SimpleNamespace(unanswered=0)
        self.answers = []
        self.calls = 0
        self.reading = True

    def respond(self, pdu):
        self.calls += 1
        self._answered(pdu)
        return True

    def respond_many(self, command_id, answers, tlvs=()):
        self.calls += 1
        for sequence, status, message_id in answers:
            pdu = response_to(command_id ^ 0x80000000, sequence, status)
            pdu.message_id = message_id
            pdu.tlvs = tlvs
            self._answered(pdu)
        return True

    def _answered(self, pdu):
        self.answers.append(decode(encode(pdu)))
        self.session.unanswered -= 1

    def pause_reading(self):
        assert self.reading
        self.reading = False

    def resume_reading(self):
        assert not self.reading
        self.reading = True

    @property
    def statuses(self):
        return [(pdu.sequence, pdu.status) for pdu in self.answers]


class Submitter:
    """`auto`: everything is accepted at once. `refusals` maps a recipient to the code it is refused with."""

    def __init__(self):
        self.auto = True
        self.waiting = []
        self.submissions = []
        self.refusals = {}
        self.error = None
        self.next_id = 1000

    def submit(self, submission):
        self.submissions.append(submission)
        if self.error is not None:
            return fail(self.error)
        done = Deferred()
        self.waiting.append((submission, done))
        if self.auto:
            self.finish()
        return done

    def take(self, submission, then, arg):
        self.submit(submission).addCallbacks(then, lambda failure: then(failure.value, arg), callbackArgs=(arg,))

    def finish(self):
        """Answer the oldest submission."""
        submission, done = self.waiting.pop(0)
        first, self.next_id = self.next_id, self.next_id + len(submission.items) + 1
        entries = []
        for place, item in enumerate(submission.items, 1):
            code = self.refusals.get(item.dest)
            if code is not None:
                entries.append(Entry(item.dest, error=Failure(code, "no")))
            else:
                entries.append(Entry(item.dest, first + place, State.QUEUED, 1))
        done.callback(Outcome(first, entries))

    @property
    def texts(self):
        return [[item.text for item in submission.items] for submission in self.submissions]


class Messages:
    def __init__(self):
        self.views = {}
        self.cancelled = []
        self.error = None

    def get(self, tenant, any_id):
        return succeed(self.views.get((tenant, any_id))) if self.error is None else fail(self.error)

    def cancel(self, tenant, any_id):
        if self.error is not None:
            return fail(self.error)
        self.cancelled.append((tenant, any_id))
        return succeed(self.views[tenant, any_id])


class Esmes:
    def __init__(self):
        self.asked = []
        self.result = None

    def _answer(self, *asked):
        self.asked.append(asked)
        if isinstance(self.result, Exception):
            return fail(self.result)
        return self.result if isinstance(self.result, Deferred) else succeed(self.result)

    def cancel_by_address(self, tenant, source, dest, service_type):
        return self._answer("cancel", tenant, source, dest, service_type)

    def replace(self, item, tenant, message_id):
        return self._answer("replace", item, tenant, message_id)

    def replace_pending(self, item, tenant):
        return self._answer("pending", item, tenant)


class World:
    def __init__(self, *, inbound_window=1000, most_wait_s=1.0, max_parts=255):
        self.reactor = TaskClock()
        self.clock = FakeClock(self.reactor)
        self.registry = CollectorRegistry()
        self.submitter = Submitter()
        self.messages = Messages()
        self.esmes = Esmes()
        self.full = 0.0
        self.pace = Pace(self.clock, most_wait_s)
        self.requests = Requests(
            submitter=self.submitter,
            messages=self.messages,
            esmes=self.esmes,
            clock=self.clock,
            reactor=self.reactor,
            metrics=Metrics(self.registry),
            pace=self.pace,
            inbound_window=inbound_window,
            max_parts=max_parts,
            fill=lambda: self.full,
        )
        self._accounts = {}

    def account(self, name="ann", *, tenant="demo", throughput=0, errors=None, **esme):
        credential = Credential("smpp", name, "", 8, EsmeSettings(**esme))
        owner = Account(
            Tenant(tenant, throughput=throughput, smpp_errors=errors or {}, credentials=(credential,)), credential
        )
        return EsmeAccount(name, owner, 100)

    def bind(self, account=None, *, version=0x34):
        account = account or self.account()
        bind = EsmeBind(
            account, Connection(), address="192.0.2.1", transmits=True, receives=True, version=version, since=0.0
        )
        account.binds.append(bind)
        return bind

    def take(self, bind, *pdus):
        """One read; returns what was answered at once, as (sequence, status)."""
        before = len(bind.connection.answers)
        bind.connection.session.unanswered += len(pdus)
        self.requests.take(bind, [decode(encode(pdu)) for pdu in pdus])
        return bind.connection.statuses[before:]

    def metric(self, name, **labels):
        return self.registry.get_sample_value(f"smsgwd_{name}", labels)


def submit(sequence=1, text=b"Hello", **fields):
    values = {
        "sequence": sequence,
        "source_addr_ton": 5,
        "source_addr": b"iSMS",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": b"306912345678",
        "short_message": text,
        "registered_delivery": 1,
    }
    return SubmitSm(**{**values, **fields})


def refused(refusal=Refusal.OVERLOADED, detail=""):
    return Refused(refusal, detail)

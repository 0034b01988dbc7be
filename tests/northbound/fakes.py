"""The gateway behind the API, in memory: just enough of the ports to answer truly."""

from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.accounts.directory import Account
from smsgwd.admission.numbers import msisdn
from smsgwd.model.ledger import Funds
from smsgwd.model.message import Coding, EventView, Failure, Message, MessageView, State
from smsgwd.model.records import Record
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.store import OptOutEntry

T0 = 1_700_000_000_000  # 2023-11-14T22:13:20Z
DEMO = Tenant("demo", credit=1_000_000_000)
POSTPAID = Tenant("postpaid", currency="USD")
TOKENS = {"demo-token": DEMO, "post-token": POSTPAID}


class FakeRecords:
    """`ports.records.Records` in memory; `asked` is what was read, by kind."""

    def __init__(self):
        self.rows = {}
        self.asked = []
        self.broken = None

    def _answer(self, result):
        return succeed(result) if self.broken is None else fail(self.broken)

    def get(self, kind, tenant, key):
        self.asked.append(kind)
        return self._answer(self.rows.get((kind, tenant, key)))

    def at(self, kind, tenant, keys):
        assert len(keys) <= 1000
        self.asked.append(kind)
        return self._answer([self.rows[kind, tenant, key] for key in keys if (kind, tenant, key) in self.rows])

    def page(self, kind, tenant, after, limit, *, beginning=""):
        self.asked.append(kind)
        if tenant is None:
            rows = sorted((t, key) for (k, t, key) in self.rows if k == kind and key.startswith(beginning))
            return self._answer([self.rows[kind, t, key] for t, key in rows if f"{t}\0{key}" > after][:limit])
        keys = sorted(key for (k, t, key) in self.rows if (k, t) == (kind, tenant) and key.startswith(beginning))
        return self._answer([self.rows[kind, tenant, key] for key in keys if key > after][:limit])

    def put(self, kind, tenant, key, value, *, new=False, old=False):
        there = (kind, tenant, key) in self.rows
        if (new and there) or (old and not there):
            return self._answer(False)
        self.rows[kind, tenant, key] = Record(kind, tenant, key, value, T0)
        return self._answer(True)

    def put_many(self, kind, tenant, rows, *, dropped=()):
        for key in dropped:
            self.drop(kind, tenant, key)
        for key, value in rows:
            self.put(kind, tenant, key, value)
        return self._answer(None)

    def drop(self, kind, tenant, key, *, beginning=False):
        gone = [
            row for row in self.rows
            if row[:2] == (kind, tenant) and (row[2] == key or (beginning and row[2].startswith(key)))
        ]  # fmt: skip
        for row in gone:
            del self.rows[row]
        return self._answer(len(gone))


class FakeGateway:
    """Submitter, Messages, Store and Authenticator in one. `held` keeps the answers back when it is a list."""

    def __init__(self):
        self.submissions = []
        self.views = {}
        self.keys = {}
        self.next_id = 1 << 60
        self.held = None
        self.knows_tokens = True
        self.refuse = None
        self.attempts = []
        self.pages = []
        self.outs = {}
        self.asks_with = Credential("token", "0" * 64, label="website")

    # -- Submitter

    def submit(self, submission):
        self.submissions.append(submission)
        if self.refuse is not None:
            return fail(self.refuse)
        key = submission.idempotency
        if key is not None:
            digest, outcome = self.keys.get((submission.tenant, key.key), (key.digest, None))
            if digest != key.digest:
                return fail(Refused(Refusal.IDEMPOTENCY_MISMATCH))
            if outcome is not None:
                return succeed(outcome)
        first = self.next_id
        self.next_id += len(submission.items) + 1
        outcome = Outcome(first, [self._entry(submission, first, n, i) for n, i in enumerate(submission.items, 1)])
        if submission.dry:
            outcome.messages = [self.views.pop(entry.id).message for entry in outcome.entries if entry.id is not None]
        if key is not None:
            self.keys[submission.tenant, key.key] = (key.digest, outcome)
        if self.held is not None:
            self.held.append((Deferred(), outcome))
            return self.held[-1][0]
        return succeed(outcome)

    def take(self, submission, then, arg):
        self.submit(submission).addCallbacks(then, lambda failure: then(failure.value, arg), callbackArgs=(arg,))

    def _entry(self, submission, first, place, item):
        try:
            digits = msisdn(item.dest)
        except Refused as refused:
            return Entry(item.dest, error=Failure(refused.refusal.code, refused.detail))
        if digits.endswith("0000"):
            return Entry(item.dest, error=Failure("no_route", "No route leads to this recipient"))
        body = item.data if item.data is not None else item.text.encode("utf-8")
        coding = Coding.BINARY if item.data is not None else Coding.GSM7
        state = State.SCHEDULED if item.schedule_at else State.QUEUED
        message = Message(
            id=first + place,
            submission=first,
            tenant=submission.tenant,
            source=item.source or "default",
            dest=item.dest,
            msisdn=digits,
            body=body,
            coding=coding,
            parts=1,
            connector="sim",
            submitted_at=T0 + place,
            deadline=T0 + 86_400_000,
            state=state,
            priority=item.priority,
            price=40_000,
            client_ref=item.client_ref,
            dlr_url=item.dlr_url,
        )
        self.keep(message)
        return Entry(item.dest, message.id, state, 1, coding, 40_000)

    def keep(self, message, **members):
        view = MessageView(
            message,
            members.get("sent_at"),
            members.get("done_at"),
            members.get("error"),
            None,
            members.get("events", (EventView(message.submitted_at, "accepted"),)),
            members.get("parts", ()),
        )
        self.views[message.id] = view
        return view

    # -- Messages

    def get(self, tenant, any_id):
        view = self.views.get(any_id)
        if view is not None and view.message.tenant == tenant:
            return succeed(view)
        return succeed(self._of(tenant, any_id) or None)

    def _of(self, tenant, submission):
        views = self.views.values()
        return [v for v in views if v.message.tenant == tenant and v.message.submission == submission]

    def cancel(self, tenant, any_id):
        view = self.views.get(any_id)
        views = [view] if view is not None and view.message.tenant == tenant else self._of(tenant, any_id)
        if not views:
            return fail(Refused(Refusal.NOT_FOUND))
        free = [v for v in views if v.message.state in (State.QUEUED, State.SCHEDULED)]
        if not free:
            return fail(Refused(Refusal.TOO_LATE))
        for one in free:
            one.message.state = State.CANCELLED
        return succeed(views[0] if any_id in self.views else views)

    # -- Store

    def messages(self, tenant, where, before, limit):
        if isinstance(self.refuse, Exception):
            return fail(self.refuse)
        self.pages.append((where, before, limit))
        found = []
        for key in sorted(self.views, reverse=True):
            message = self.views[key].message
            if (
                message.tenant == tenant
                and (before is None or key < before)
                and (where.from_ms is None or message.submitted_at >= where.from_ms)
                and (where.to_ms is None or message.submitted_at < where.to_ms)
                and (not where.states or message.state in where.states)
                and (where.msisdn is None or message.msisdn == where.msisdn)
            ):
                found.append(self.views[key])
        return succeed(found[:limit])

    def funds(self, tenant):
        return succeed(Funds(999_960_000, 40_000, 0) if tenant == "demo" else Funds(-80_000, 0, None))

    def opt_outs(self, tenant, after, limit):
        return succeed([self.outs[key] for key in sorted(self.outs) if key[0] == tenant and key[1] > after][:limit])

    def commit(self, changes):
        [change] = changes
        key = (change.tenant, change.msisdn)
        changed = (key in self.outs) != change.out
        if change.out:
            self.outs.setdefault(key, OptOutEntry(change.tenant, change.msisdn, change.at, change.source))
        else:
            self.outs.pop(key, None)
        return succeed([changed])

    # -- Authenticator

    def known(self, authorization, address, scope=""):
        """Tokens are known at once, passwords never."""
        return TOKENS.get(authorization.removeprefix("Bearer ")) if self.knows_tokens else None

    def password(self, name, secret, address, scope=""):
        self.attempts.append((name, secret, address))
        if (name, secret) == ("demo", "démo:pass"):
            return succeed(DEMO)
        if name == "blocked":
            return fail(Refused(Refusal.TOO_MANY_FAILURES))
        return fail(Refused(Refusal.UNAUTHENTICATED))

    def proven(self, name, secret, address, scope=""):
        found = self.token(secret, address, scope) if name is None else self.password(name, secret, address, scope)
        return found.addCallback(lambda tenant: Account(tenant, self.asks_with))

    def token(self, secret, address, scope=""):
        self.attempts.append((None, secret, address))
        tenant = TOKENS.get(secret)
        return succeed(tenant) if tenant else fail(Refused(Refusal.UNAUTHENTICATED))

"""The calls of iSMS: which requests they make, and what their answers come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from smsgwd.model.lookups import LookupState
from smsgwd.model.message import State
from smsgwd.providers import (
    Accepted,
    Balance,
    Callback,
    CallbackRequest,
    Contact,
    Halt,
    Host,
    NoAnswer,
    NotSent,
    NumberFacts,
    Outbound,
    Park,
    Provider,
    Reply,
    Report,
    Request,
    Sent,
    SlowDown,
    Stop,
    Unknown,
    Verdict,
)
from smsgwd_isms import answers, lookups, reports
from smsgwd_isms.options import IsmsOptions

MOST_RECIPIENTS: Final = 100  #: of one request; the page has no limit
#: A message that query.php does not know so long after it was sent was refused silently (one of a list).
UNKNOWN_AFTER_MS: Final = 60_000
_RECIPIENT: Final = 3 + 15  #: characters of one more recipient in an address: an encoded comma, and digits
#: A call of several requests ends after so long: the host waits for one no longer than its `call_s`, and what the
#: last request told must be told on. What is left comes again.
_LONGEST_CALL_MS: Final = 15_000
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 10.0
#: The page wants each field of a contact; what we do not have is sent as this.
_NOTHING: Final = "-"


class Isms(Provider):
    """One account at iSMS."""

    options: IsmsOptions

    def __init__(self, options: Any, host: Host) -> None:
        super().__init__(options, host)
        self._base = self.options.base_url.rstrip("/")

    async def send(self, group: Sequence[Outbound]) -> Sequence[Verdict]:
        """See Provider. One request for all recipients, so far as they fit the address and none is there twice: its id
        and the recipient's number are what names a message."""
        found: dict[str, Verdict] = {}
        rest: Verdict | None = None  # of what is not asked for any more
        began_ms = self.host.now_ms()
        for some in self._together(group):
            if rest is None and self.host.now_ms() - began_ms > _LONGEST_CALL_MS:
                rest = SlowDown("its group took too long", 0.0)
            try:
                verdict = await self._send(some) if rest is None else rest
            except NotSent as error:
                if not found:
                    raise
                verdict = SlowDown(str(error) or "not sent")
            if isinstance(verdict, (Park, Stop, SlowDown)):
                rest = verdict  # said of the account
            for message in some:
                found[message.id] = (
                    Accepted(reports.foreign_id(verdict.foreign_id, message.to))
                    if isinstance(verdict, Accepted)
                    else verdict
                )
        return [found[message.id] for message in group]

    def _together(self, group: Sequence[Outbound]) -> Iterator[list[Outbound]]:
        """The group in requests: two messages to one number under one id could not be told apart."""
        left = list(group)
        while left:
            some: list[Outbound] = []
            numbers: set[str] = set()
            later: list[Outbound] = []
            most = self._most(left[0])
            for message in left:
                if len(some) < most and message.to not in numbers:
                    some.append(message)
                    numbers.add(message.to)
                else:
                    later.append(message)
            yield some
            left = later

    def _most(self, message: Outbound) -> int:
        """How many recipients a message may go to at once."""
        if self.options.method == "POST":
            return MOST_RECIPIENTS
        room = self.options.longest_url - len(self._request("send", self._sending([message], self._url(2))).url)
        return max(1, min(MOST_RECIPIENTS, 1 + room // _RECIPIENT))

    def _url(self, recipients: int, message: Outbound | None = None) -> str:
        """Where iSMS is to report: of one message, or of all that one request had."""
        if recipients == 1 and message is not None:
            return reports.report_url(message.callback_url)
        return reports.report_url(self.host.callback_url)

    def _sending(self, some: Sequence[Outbound], url: str) -> list[tuple[str, str]]:
        first = some[0]
        fields = [
            ("from", first.sender),
            ("to", ",".join(message.to for message in some)),
            ("message", first.text),
            ("coding", "GSM" if first.alphabet == "gsm" else "UTF-8"),
            ("flash", "1" if first.flash else "0"),
        ]
        if url:
            fields.append(("dlr-url", url))
        return fields

    async def _send(self, some: Sequence[Outbound]) -> Verdict:
        """What became of one request; an accepted one has the id of the submission. Raises NotSent."""
        try:
            reply = await self._ask("send", self._sending(some, self._url(len(some), some[0])))
        except NoAnswer as error:
            return Unknown(str(error) or "no answer")
        said = answers.line(reply)
        refusal = answers.refused(reply, said)
        if refusal is not None:
            return refusal
        submission = answers.submission_of(said)
        if submission is None:
            return Unknown(f"answered {reply.status} with something else than an id")
        return Accepted(submission)

    async def states(self, sent: Sequence[Sent]) -> Sequence[Report]:
        """See Provider. A request each; what was found before one fails is told."""
        found: list[Report] = []
        since_ms = self.host.now_ms()
        for message in sent:
            if self.host.now_ms() - since_ms > _LONGEST_CALL_MS:
                break
            mid, slash, _ = message.foreign_id.partition("/")
            if not slash:
                continue
            try:
                report = await self._state(message, mid)
            except (Halt, NotSent, NoAnswer):
                if found:
                    break
                raise
            if report is not None:
                found.append(report)
        return found

    async def _state(self, message: Sent, mid: str) -> Report | None:
        said = answers.checked(await self._ask("query", [("mid", mid), ("mobile", message.to)]), "query.php")
        word = answers.state_word(said)
        if word is not None and word.lower() in answers.STATES:
            return Report(
                answers.STATES[word.lower()], foreign_id=message.foreign_id, word=word.capitalize(), to=message.to
            )
        error = answers.error_of(said)
        if error in answers.NO_SUCH and self.host.now_ms() - message.sent_ms >= UNKNOWN_AFTER_MS:
            return Report(State.REJECTED, foreign_id=message.foreign_id, word=error, to=message.to)
        return None

    async def received(self, request: CallbackRequest) -> Callback:
        """See Provider: what `dlr-url` was called with."""
        return reports.read(request)

    async def balance(self) -> Balance:
        """See Provider: credits."""
        return answers.balance_of(answers.checked(await self._ask("credits", []), "credits.php"))

    async def lookup(self, msisdn: str) -> NumberFacts | None:
        """See Provider: hlr.php, then hlrquery.php until it has a result, or `lookup_wait_s` is over (None)."""
        said = answers.checked(await self._ask("hlr", [("mobiles", msisdn)]), "hlr.php")
        mid = answers.submission_of(said)
        if mid is None:
            error = answers.error_of(said)
            if error is None:
                raise NoAnswer("hlr.php answered with something else than an id")
            return NumberFacts(LookupState.FAILED, error=answers.shown(error), source="isms")
        wait_s = _FIRST_WAIT_S
        end_ms = self.host.now_ms() + int(self.options.lookup_wait_s * 1000)
        while True:
            await self.host.sleep(wait_s)
            said = answers.checked(await self._ask("hlrquery", [("mid", mid), ("mobile", msisdn)]), "hlrquery.php")
            if not lookups.running(said) and answers.error_of(said) not in answers.NO_SUCH:
                return lookups.facts_of(said)
            wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            if self.host.now_ms() + wait_s * 1000 > end_ms:
                self.host.log("lookup_unfinished", waited_s=self.options.lookup_wait_s)
                return None

    async def push_contacts(self, contacts: Sequence[Contact]) -> Sequence[str]:
        """See Provider: savecontact.php, a request each."""
        told: list[str] = []
        for contact in contacts:
            try:
                told.append(await self._save(contact))
            except (NotSent, NoAnswer) as error:
                told.append(str(error) or "no answer")
            except Halt as halt:
                if not told:
                    raise
                told.append(halt.verdict.reason)
        return told

    async def _save(self, contact: Contact) -> str:
        """'' where it is saved, else why not."""
        comments = ", ".join(filter(None, (contact.email, contact.address)))
        fields = {
            "surname": contact.last_name,
            "name": contact.first_name,
            "mobile": contact.msisdn,
            "comments": comments,
        }
        reply = await self._ask("savecontact", [(name, value or _NOTHING) for name, value in fields.items()])
        said = answers.checked(reply, "savecontact.php")
        if answers.is_ok(said):
            return ""
        return answers.shown(answers.error_of(said) or said)

    async def _ask(self, call: str, fields: Sequence[tuple[str, str]]) -> Reply:
        """The answer to one call of the page. Raises NotSent, NoAnswer."""
        return await self.host.request(self._request(call, fields))

    def _request(self, call: str, fields: Sequence[tuple[str, str]]) -> Request:
        """One call of the page: `send`, `query`, `credits`, `hlr`, `hlrquery`, `savecontact`."""
        account = [("username", self.options.username), ("password", self.options.password.get_secret_value())]
        url = f"{self._base}/{call}.php"
        if self.options.method == "POST":
            return Request.form(url, [*account, *fields])
        return Request.get(url, [*account, *fields])

"""SOAP of iSMS.gr at /api/soap/: `send` and `query`, versions 1.1 and 1.2, the WSDL at ?wsdl.

Operations are matched by local name in any namespace, their parameters in any order and whatever xsi:type says; what
was matched is then held against the schema of our WSDL. SOAPAction is ignored.
"""

from __future__ import annotations

import re
from typing import Any, Final

from lxml import etree

from smsgwd.dialects import isms_calls, isms_envelope
from smsgwd.dialects.commands import Command
from smsgwd.dialects.http import TEXT, XML, Answer, Answered, Asked, Password, Request
from smsgwd.dialects.isms_calls import AUTHENTICATION, NO_SUCH, SENTENCES, Call, Problem
from smsgwd.dialects.isms_envelope import Fault
from smsgwd.dialects.isms_wsdl import SCHEMA, SPACE, wsdl
from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Tenant

_SCOPES: Final = {"send": "send", "query": "read"}
_LABELS: Final = {name: f"isms soap {name}" for name in _SCOPES}
_ORDER: Final = {
    "send": ("username", "password", "from", "to", "message", "coding", "flash"),
    "query": ("username", "password", "message_id", "mobile"),
}
_REQUIRED: Final = frozenset(("username", "password", "from", "to", "message_id", "mobile"))
_TYPES: Final = frozenset(("", "text/xml", "application/xml", "application/soap+xml"))
_charset = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9._:-]{1,40})\"?", re.ASCII | re.IGNORECASE).search
_VERSION_12_TYPE: Final = "application/soap+xml"
#: Refusals that HTTP itself has a status for: a fault keeps it.
_OF_HTTP: Final = frozenset(
    {
        Refusal.NOT_FOUND,
        Refusal.METHOD_NOT_ALLOWED,
        Refusal.TOO_LARGE,
        Refusal.HEADERS_TOO_LARGE,
        Refusal.REQUEST_TIMEOUT,
        Refusal.UNSUPPORTED_MEDIA_TYPE,
        Refusal.TOO_MANY_FAILURES,
        Refusal.OVER_RATE,
    }
)


class Soap:
    """The SOAP half of the iSMS style."""

    def __init__(self, address: str) -> None:
        self._wsdl = Answer(200, wsdl(address), XML)
        self._about = Answer(200, f"This is the SOAP service of iSMS. Its WSDL is at {address}?wsdl\n".encode(), TEXT)
        self._schema = etree.XMLSchema(etree.fromstring(SCHEMA))

    @property
    def labels(self) -> tuple[str, ...]:
        """One an operation."""
        return tuple(_LABELS.values())

    def read(self, request: Request) -> Asked:
        """An operation with the user name and the password in it. Raises Answered: the WSDL, or a fault."""
        if request.path not in ("/api/soap/", "/api/soap"):
            raise Answered(_refused(_version_of(request), Refusal.NOT_FOUND))
        if request.method == "GET":
            names = (field.partition("=")[0] for field in request.raw_query.lower().split("&"))
            raise Answered(self._wsdl if "wsdl" in names else self._about)
        if request.method != "POST":
            raise Answered(_refused(_version_of(request), Refusal.METHOD_NOT_ALLOWED))
        written = request.headers.get("content-type", "")
        if written.partition(";")[0].strip().lower() not in _TYPES:
            raise Answered(_refused(_version_of(request), Refusal.UNSUPPORTED_MEDIA_TYPE))
        charset = _charset(written)
        try:
            operation = isms_envelope.read(request.body, "" if charset is None else charset[1])
            if operation.name not in _ORDER:
                raise Fault(operation.version, "Client", "There is no such operation: there are send and query.")
        except Fault as fault:
            version = fault.version
            if version == 11 and fault.code == "Client":
                version = _version_of(request)  # what cannot be read says nothing itself
            raise Answered(_fault(version, fault.code, str(fault), header=fault.header)) from None
        values = operation.values
        name, secret = values.get("username"), values.get("password")
        if not name or not secret:
            raise Answered(_fault(operation.version, "Client", AUTHENTICATION))
        call = Call(
            operation.name,
            values,
            recipients=operation.recipients,
            soap=operation.version,
            space=operation.space,
        )
        return Asked(Password(name, secret), _LABELS[call.operation], _SCOPES[call.operation], call)

    def command(self, call: Call, tenant: Tenant, now: int) -> Command:
        """What the operation asks for. Raises Answered with a fault."""
        try:
            self._validate(call)
            if call.operation == "query":
                return isms_calls.query(call, "message_id")
            flash = call.values.get("flash")
            if flash is not None:
                call.values["flash"] = "1" if flash.strip() in ("1", "true") else "0"
            return isms_calls.send(call, tenant, now)
        except Problem as problem:
            raise Answered(_fault(call.soap, "Client", str(problem))) from None

    def _validate(self, call: Call) -> None:
        """Hold a call against the schema, as our own stubs would write it. Raises Answered.

        What is required and not there is empty: the page has a sentence for each.
        """
        values = call.values
        if not values.get("flash", "-").strip():
            del values["flash"]
        names = _ORDER[call.operation]
        root = etree.Element(f"{{{SPACE}}}{call.operation}")
        for name in names:
            if name == "to":
                to = etree.SubElement(root, "to")
                for number in call.recipients:
                    etree.SubElement(to, "recipients").text = number
            elif name in values or name in _REQUIRED:
                etree.SubElement(root, name).text = values.get(name, "")
        for name in values:
            if name not in names:
                raise Answered(_malformed(call, f"{call.operation} has no parameter {name[:40]}"))
        if not self._schema.validate(root):
            raise Answered(_malformed(call, "flash is true or false"))  # all else is text

    def answer(self, call: Call, result: Any) -> Answer:
        """The envelope with the id or the state, or a fault."""
        try:
            if call.operation == "send":
                told = isms_calls.sent(call, result.id, result.entries)
            else:
                told = isms_calls.state_of(result)
        except Problem as problem:
            return _fault(call.soap, "Client", str(problem))
        body = isms_envelope.answer(call.soap, call.space, call.operation, told)
        return Answer(200, body, isms_envelope.content_type(call.soap))

    def refused(self, request: Request, asked: Asked | None, refusal: Refusal) -> Answer:
        """A fault for what the gateway refuses as a whole."""
        call: Call | None = None if asked is None else asked.what
        if call is not None and call.operation == "query" and refusal is Refusal.INVALID_RECIPIENT:
            return _fault(call.soap, "Client", NO_SUCH)
        return _refused(_version_of(request) if call is None else call.soap, refusal)


def _version_of(request: Request) -> int:
    """The version a client speaks, by the type of its body."""
    return 12 if request.headers.get("content-type", "").strip().lower().startswith(_VERSION_12_TYPE) else 11


def _malformed(call: Call, what: str) -> Answer:
    return _fault(call.soap, "Client", f"The request is malformed: {what}.")


def _refused(version: int, refusal: Refusal) -> Answer:
    """The fault for a refusal; which half of the pair it is told to be at fault goes by its HTTP status."""
    code = "Server" if refusal.http >= 500 else "Client"
    status = refusal.http if refusal in _OF_HTTP or refusal.http >= 500 else 0
    allow = (("Allow", "GET, POST"),) if refusal is Refusal.METHOD_NOT_ALLOWED else ()
    return _fault(version, code, SENTENCES.get(refusal) or refusal.title + ".", status, headers=allow)


def _fault(
    version: int,
    code: str,
    sentence: str,
    status: int = 0,
    *,
    header: str = "",
    headers: tuple[tuple[str, str], ...] = (),
) -> Answer:
    """A fault; without `status` 500 in SOAP 1.1 (s6.2), in 1.2 400 where the sender is at fault (part 2, s7.5.2)."""
    if not status:
        status = 400 if version == 12 and code == "Client" else 500
    body = isms_envelope.fault(version, code, sentence, header)
    return Answer(status, body, isms_envelope.content_type(version), headers)

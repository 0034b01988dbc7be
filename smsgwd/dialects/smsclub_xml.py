"""SMS Club's XML gateway: three documents, which two older paths take in the field `xmlrequest` of a form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final, NamedTuple

import msgspec
from lxml import etree

from smsgwd.dialects import form, multipart
from smsgwd.dialects.commands import Command, MessageView, Outcome
from smsgwd.dialects.http import XML, Answer, Answered, Asked, Password, Request
from smsgwd.dialects.smsclub_rules import (
    INVALID_IDS,
    INVALID_LIFETIME,
    INVALID_RECIPIENTS,
    INVALID_SENDER,
    INVALID_TEXT,
    Act,
    Complaint,
    Planned,
    ask_states,
    complaint_of,
    ids_of,
    listed,
    planned,
    sentence_of,
    shown,
    status_of,
    told_states,
)
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant

LARGEST: Final = 1024 * 1024  #: bytes of a document
_MOST_ELEMENTS: Final = 5000
_FIELD: Final = "xmlrequest"
_BOM: Final = b"\xef\xbb\xbf"
#: Whatever a document says of its encoding it is read as UTF-8; without huge_tree nesting ends at 256 levels.
_PARSER: Final = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    load_dtd=False,
    no_network=True,
    huge_tree=False,
    remove_comments=True,
    remove_pis=True,
)


class _Document(msgspec.Struct, gc=False):
    """A request's document: its elements with their texts, in order."""

    root: str
    fields: list[tuple[str, str]]

    def once(self, name: str, sentence: str) -> str:
        """The text of an element, '' where there is none. Raises Complaint(sentence) where there are several."""
        found = [text for each, text in self.fields if each == name]
        if len(found) > 1:
            raise Complaint(sentence)
        return found[0] if found else ""


class XmlGateway:
    """Reads requests below /xml/ and at the older paths, and tells errors there in a document."""

    def labels(self) -> tuple[str, ...]:
        """Every label there can be."""
        return tuple(dict.fromkeys(endpoint.label for endpoint in _ENDPOINTS.values()))

    def read(self, request: Request) -> Asked:
        """Raises Refused."""
        endpoint = _ENDPOINTS.get(request.path)
        if endpoint is None:
            raise Refused(Refusal.NOT_FOUND)
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        document = _parsed(_field(request) if endpoint.form else request.body)
        if document.root != endpoint.root:
            raise Refused(Refusal.MALFORMED, f"the document is to be a {endpoint.root}")
        try:
            name, secret = document.once("username", ""), document.once("password", "")
        except Complaint:
            name = secret = ""
        if not name or not secret:
            raise Refused(Refusal.UNAUTHENTICATED)
        return Asked(Password(name, secret), endpoint.label, endpoint.scope, endpoint.act(document))

    def refused(self, refused: Refused) -> Answer:
        """The document for a request refused as a whole."""
        refusal = refused.refusal
        allow = (("Allow", "POST"),) if refusal is Refusal.METHOD_NOT_ALLOWED else ()
        return _error(sentence_of(refusal.code), status_of(refusal), allow)


class _Send:
    """One text to a list of recipients."""

    def __init__(self, document: _Document) -> None:
        self._document = document
        self._plan: Planned | None = None

    def command(self, tenant: Tenant) -> Command:
        """Raises Answered."""
        document = self._document
        try:
            source = document.once("from", INVALID_SENDER).strip()
            messages = self._messages(document)
            lifetime = document.once("lifetime", INVALID_LIFETIME).strip()
            self._plan = planned(source, messages, lifetime)
        except Complaint as complaint:
            raise Answered(_error(complaint.sentence)) from None
        return self._plan.send

    def _messages(self, document: _Document) -> list[tuple[str, str | None]]:
        """Raises Complaint."""
        recipients = listed(document.once("to", INVALID_RECIPIENTS))
        text = document.once("text", INVALID_TEXT)
        return [(each, text) for each in recipients]

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """Ids in the order of the recipients; that of a refused one is empty, and `text` names it."""
        outcome: Outcome = result
        assert self._plan is not None
        complaint = complaint_of(self._plan, outcome.entries)
        if complaint:
            return _error(complaint)
        ids: list[str] = []
        refused: list[str] = []
        for entry in outcome.entries:
            if entry.error is None:
                ids.append(f"<mess>{entry.id}</mess>")
            else:
                ids.append("<mess/>")
                refused.append(f"{sentence_of(entry.error.code)}: {shown(entry.dest)}")
        return _ok("; ".join(refused), f"<ids>{''.join(ids)}</ids>")


class _Individual(_Send):
    """Recipients with a text each: each text is for the recipient before it."""

    def _messages(self, document: _Document) -> list[tuple[str, str | None]]:
        messages: list[tuple[str, str | None]] = []
        recipients: list[str] = []
        for name, text in document.fields:
            if name == "to":
                if recipients:
                    raise Complaint(INVALID_TEXT)  # the one before has none
                recipients = listed(text)
                if not recipients:
                    raise Complaint(INVALID_RECIPIENTS)
            elif name == "text":
                if not recipients:
                    raise Complaint(INVALID_RECIPIENTS)
                messages += [(each, text) for each in recipients]
                recipients = []
        if recipients:
            raise Complaint(INVALID_TEXT)
        return messages


class _State:
    """How messages are doing."""

    def __init__(self, document: _Document) -> None:
        self._document = document
        self._ids: list[str] = []

    def command(self, tenant: Tenant) -> Command:
        """Raises Answered."""
        try:
            self._ids = ids_of(self._document.once("smscid", INVALID_IDS))
        except Complaint as complaint:
            raise Answered(_error(complaint.sentence)) from None
        return ask_states(self._ids)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """An entry for each id that is known."""
        found: dict[int, MessageView] = result
        entries = "".join(
            f"<entry><smscid>{each}</smscid><state>{state.lower()}</state></entry>"
            for each, state in told_states(self._ids, found).items()
        )
        return _ok("", f"<entries>{entries}</entries>")


class _Endpoint(NamedTuple):
    label: str
    scope: str
    root: str
    act: Callable[[_Document], Act]
    form: bool = False


_SENDING: Final = "request_sendsms"
_ASKING: Final = "request_getstate"
_ENDPOINTS: Final[Mapping[str, _Endpoint]] = {
    "/xml/": _Endpoint("smsclub xml send", "send", _SENDING, _Send),
    "/xml/individual.php": _Endpoint("smsclub xml individual", "send", _SENDING, _Individual),
    "/xml/state.php": _Endpoint("smsclub xml state", "read", _ASKING, _State),
    "/hfw_smpp_addon/xmlsendsmspost.php": _Endpoint("smsclub xml send", "send", _SENDING, _Send, form=True),
    "/hfw_smpp_addon/xmlgetsmsstatepost.php": _Endpoint("smsclub xml state", "read", _ASKING, _State, form=True),
}


def _field(request: Request) -> bytes:
    """The document in a form. Raises Refused(MALFORMED)."""
    kind = request.headers.get("content-type", "")
    try:
        fields = (
            multipart.parse(kind, request.body)
            if multipart.is_multipart(kind)
            else form.parse(form.mended(request.body))
        )
    except form.FormError as error:
        raise Refused(Refusal.MALFORMED, str(error)) from None
    found = fields.first(_FIELD)
    if found is None or fields.repeated(_FIELD):
        raise Refused(Refusal.MALFORMED, f"the form is to have one field {_FIELD}")
    return found


def _parsed(data: bytes) -> _Document:
    """The document in hostile octets. Raises Refused (MALFORMED, TOO_LARGE)."""
    if len(data) > LARGEST:
        raise Refused(Refusal.TOO_LARGE)
    data = data.removeprefix(_BOM).lstrip()
    if _has_doctype(data):
        raise Refused(Refusal.MALFORMED, "the document has a DOCTYPE")
    try:
        root = etree.fromstring(data, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        raise Refused(Refusal.MALFORMED, "the document is no XML in UTF-8") from None
    if len(root) > _MOST_ELEMENTS:
        raise Refused(Refusal.MALFORMED, f"the document has more than {_MOST_ELEMENTS} elements")
    fields: list[tuple[str, str]] = []
    for element in root:
        if len(element) or not isinstance(element.tag, str):
            raise Refused(Refusal.MALFORMED, "an element of the document has elements of its own")
        fields.append((_local(element.tag), element.text or ""))
    return _Document(_local(root.tag), fields)


def _has_doctype(data: bytes) -> bool:
    """True where a document type stands before the first element, the only place that XML has for one."""
    at = 0
    while True:
        at = data.find(b"<", at)
        if at < 0:
            return False
        if data.startswith(b"<!--", at):
            end = data.find(b"-->", at + 4)
        elif data.startswith(b"<?", at):
            end = data.find(b"?>", at + 2)
        else:
            return data.startswith(b"<!", at)
        if end < 0:
            return False
        at = end


def _local(tag: str) -> str:
    """The name of an element, whatever its namespace."""
    return tag.rpartition("}")[2]


def _ok(text: str, rest: str) -> Answer:
    told = f"<text>{escape(text, quote=False)}</text>" if text else "<text/>"
    return Answer(200, f"<response><status>OK</status>{told}{rest}</response>".encode(), XML)


def _error(sentence: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    body = f"<response><status>ERROR</status><text>{sentence}</text></response>"
    return Answer(status, body.encode(), XML, headers)

"""SOAP envelopes of either version: the operation in one, read by local names, and envelopes around answers and faults.

The parser takes no document type (SOAP 1.1 s3, SOAP 1.2 s5: there must be none), so no entities; it asks no network,
and libxml2's own limits hold: 256 levels, 10 MB of one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape, quoteattr

import msgspec
from lxml import etree

SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
LARGEST: Final = 1_000_000  #: octets of an envelope
MOST_ELEMENTS: Final = 20_000
_VERSIONS: Final = {SOAP_11: 11, SOAP_12: 12}
_SPACES: Final = {11: SOAP_11, 12: SOAP_12}
_TYPES: Final = {11: "text/xml; charset=utf-8", 12: "application/soap+xml; charset=utf-8"}
#: Who a header is for when it is for us (SOAP 1.1 s4.2.2, SOAP 1.2 s2.2).
_OUR_ROLES: Final = frozenset(
    (
        "",
        "http://schemas.xmlsoap.org/soap/actor/next",
        SOAP_12 + "/role/next",
        SOAP_12 + "/role/ultimateReceiver",
    )
)
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TRUE: Final = ("1", "true")
_CODES_12: Final = {"Client": "Sender", "Server": "Receiver"}
_FOLLOWED: Final = 4  # references one after another
_NAME: Final = 16  # octets that an element counts for besides its text, and an attribute besides its value


class Fault(Exception):  # noqa: N818 -- an answer of SOAP
    """A request ends in a fault: version, code of SOAP 1.1 (Client, Server, ...) and its sentence."""

    def __init__(self, version: int, code: str, sentence: str, header: str = "") -> None:
        super().__init__(sentence)
        self.version = version
        self.code = code
        self.sentence = sentence
        self.header = header  #: what the answer's header holds, XML


class Operation(msgspec.Struct, gc=False):
    """What an envelope asks for: leaf elements by local name, with their texts, and the recipients."""

    name: str
    version: int
    space: str  #: its namespace, for the answer
    values: dict[str, str]
    recipients: list[str]


def content_type(version: int) -> str:
    """Of an answer."""
    return _TYPES[version]


def read(data: bytes, charset: str = "") -> Operation:
    """The operation in an envelope; `charset` is the one that HTTP names, '' for the document's own. Raises Fault."""
    envelope = _parsed(data, charset)
    space, name = _names(envelope)
    if name != "Envelope":
        raise Fault(11, "Client", "The request is no SOAP envelope.")
    version = _VERSIONS.get(space)
    if version is None:
        raise Fault(11, "VersionMismatch", "The envelope is neither of SOAP 1.1 nor of SOAP 1.2.")
    body = None
    for child in envelope:
        where, local = _names(child)
        if where == space and local == "Header" and body is None:
            _check_header(child, version)
        elif where == space and local == "Body" and body is None:
            body = child
        elif version == 12 or where == space:
            raise Fault(version, "Client", "The request is malformed: an envelope has a header and one body.")
    if body is None or not len(body):
        raise Fault(version, "Client", "The request is malformed: the body has no operation.")
    return _operation(body, version)


def _parsed(data: bytes, charset: str) -> etree._Element:
    if len(data) > LARGEST:
        raise Fault(11, "Client", f"The request is larger than {LARGEST} octets.")
    try:
        parser = etree.XMLParser(
            encoding=charset or None,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, LookupError, ValueError):
        raise Fault(11, "Client", "The request is malformed: it is no well-formed XML.") from None
    if root.getroottree().docinfo.doctype:
        raise Fault(11, "Client", "The request is malformed: a SOAP message has no document type.")
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        raise Fault(11, "Client", f"The request has more than {MOST_ELEMENTS} elements.")
    return root


def _names(element: etree._Element) -> tuple[str, str]:
    """Namespace and local name."""
    tag = element.tag
    if not isinstance(tag, str):
        return "", ""  # a reference to an entity: there is no document type, so there is none
    space, _, local = tag.rpartition("}")
    return space[1:], local


def _check_header(header: etree._Element, version: int) -> None:
    """Raises Fault where a header must be understood: we understand none."""
    space = _SPACES[version]
    role = f"{{{space}}}{'role' if version == 12 else 'actor'}"
    for block in header:
        if block.get(f"{{{space}}}mustUnderstand", "").strip() in _TRUE and block.get(role, "").strip() in _OUR_ROLES:
            where, local = _names(block)
            told = ""
            if version == 12:  # SOAP 1.2 s5.4.8
                prefix = f" xmlns:n={quoteattr(where)}" if where else ""
                told = f'<e:NotUnderstood qname="{"n:" if where else ""}{escape(local)}"{prefix}/>'
            raise Fault(version, "MustUnderstand", f"The header {local} is not understood.", told)


def _operation(body: etree._Element, version: int) -> Operation:
    """The first element of a body; those with an id behind it are what rpc-style stubs refer to."""
    first = body[0]
    space, name = _names(first)
    targets = _Targets(version)
    for other in list(body)[1:]:
        key = other.get("id")
        if key is None:
            raise Fault(version, "Client", "The request is malformed: the body has more than one operation.")
        targets.add(key, other)
    values: dict[str, str] = {}
    recipients: list[str] = []
    seen: set[str] = set()
    for child in first:
        local = _names(child)[1]
        if local in seen:
            raise Fault(version, "Client", f"The request is malformed: {local} is there twice.")
        seen.add(local)
        element = targets.followed(child)
        if element.get(f"{{{_INSTANCE}}}nil", "").strip() in _TRUE:
            continue
        if local == "to":
            recipients = list(_recipients(element, targets, version))
        else:
            values[local] = _leaf(element, local, version)
    return Operation(name, version, space, values, recipients)


class _Targets:
    """What elements of the SOAP encoding refer to. All that is referred to may be as large as an envelope is, each
    time counted anew: thousands of references to one long text are gigabytes."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._by_id: dict[str, tuple[etree._Element, int]] = {}
        self._left = LARGEST

    def add(self, key: str, element: etree._Element) -> None:
        """An element with an id."""
        self._by_id[key] = element, sum(map(_octets, element.iter()))

    def followed(self, element: etree._Element) -> etree._Element:
        """What an element refers to (SOAP 1.1 s5.1: href and id; 1.2: ref); itself where it refers to nothing. Raises
        Fault."""
        for _ in range(_FOLLOWED):
            where = element.get("href", "").removeprefix("#") or element.get("ref", "")
            target = self._by_id.get(where) if where else None
            if target is None:
                break
            element, size = target
            self._left -= size
            if self._left < 0:
                raise Fault(self._version, "Client", f"The request refers to more than {LARGEST} octets.")
        return element


def _octets(element: etree._Element) -> int:
    """About what an element takes, without those in it."""
    return _NAME + len(element.text or "") + sum(_NAME + len(value) for value in element.attrib.values())


def _recipients(to: etree._Element, targets: _Targets, version: int) -> Iterator[str]:
    """The texts of `recipients`: one element each, or one with an item each (SOAP encoding), or a map of PHP's."""
    for child in to:
        local = _names(child)[1]
        element = targets.followed(child)
        if local == "item" and len(element) == 2 and (element[0].text or "").strip() == "recipients":
            element = targets.followed(element[1])
        elif local != "recipients":
            raise Fault(version, "Client", f"The request is malformed: to has recipients, and no {local}.")
        if len(element):
            for item in element:
                yield _leaf(targets.followed(item), "recipients", version)
        elif element.text and element.text.strip():
            yield element.text


def _leaf(element: etree._Element, name: str, version: int) -> str:
    if len(element):
        raise Fault(version, "Client", f"The request is malformed: {name} is a text.")
    return element.text or ""


def answer(version: int, space: str, operation: str, text: str) -> bytes:
    """The envelope with what an operation returns, in the namespace it was called by."""
    name = f"t:{operation}Response" if space else f"{operation}Response"
    declared = f" xmlns:t={quoteattr(space)}" if space else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<e:Envelope xmlns:e="{_SPACES[version]}" '
        f'xmlns:xsi="{_INSTANCE}" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><e:Body><{name}{declared}>'
        f'<return xsi:type="xsd:string">{escape(text)}</return></{name}></e:Body></e:Envelope>'
    ).encode()


def fault(version: int, code: str, sentence: str, header: str = "") -> bytes:
    """The envelope of a fault; `code` is one of SOAP 1.1's (Client and Server are Sender and Receiver in 1.2)."""
    text = escape(sentence)
    if version == 12:
        inner = (
            f"<e:Code><e:Value>e:{_CODES_12.get(code, code)}</e:Value></e:Code>"
            f'<e:Reason><e:Text xml:lang="en">{text}</e:Text></e:Reason>'
        )
    else:
        inner = f"<faultcode>e:{code}</faultcode><faultstring>{text}</faultstring>"
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<e:Envelope xmlns:e="{_SPACES[version]}">{head}'
        f"<e:Body><e:Fault>{inner}</e:Fault></e:Body></e:Envelope>"
    ).encode()

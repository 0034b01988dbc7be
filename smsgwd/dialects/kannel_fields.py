"""What a request for Kannel's sendsms says, and Kannel's checks of it in Kannel's order (1.4.5, gw/smsbox.c).

A number that is none counts as not sent, as there: only a number out of its range is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from encodings import aliases
from typing import Final

import msgspec

from smsgwd.dialects import form
from smsgwd.dialects.callback_url import callable_url
from smsgwd.dialects.http import Request
from smsgwd.model.refusals import Refusal, Refused

UNDEFINED: Final = -1
MOST_RECIPIENTS: Final = 1000
_LONGEST_ACCOUNT: Final = 64
_LONGEST_INFO: Final = 1024
_PART_OCTETS: Final = 140

_number = re.compile(rb"\s*([+-]?[0-9]{1,9})(?![0-9])").match
_huge = re.compile(rb"\s*[+-]?[0-9]{10}").match
_HUGE: Final = 10**9
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2})+\Z")
_like_number = re.compile(r"[0-9 +-]+\Z").match
_ACCOUNT_BAD: Final = frozenset(b"[]\r\n")
_CODECS: Final = (
    {*aliases.aliases.values(), "utf_8_sig", "koi8_u", "koi8_t", "cp720", "cp737", "cp856", "cp874", "cp1006"}
    - {"base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec"}
    - {"mbcs", "utf_7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "tactis"}
)
#: What iconv calls a charset and Python does not.
_ICONV: Final = {
    "ucs_2": "utf_16_be",
    "ucs_2be": "utf_16_be",
    "ucs_2le": "utf_16_le",
    "ucs2": "utf_16_be",
    "iso_10646_ucs_2": "utf_16_be",
}


class Problem(Exception):  # noqa: N818 -- a sentence of Kannel's, told to the client
    """A request ends in one of Kannel's errors; the text is its sentence."""


class Fields(msgspec.Struct, gc=False):
    """One request, read. Numbers are UNDEFINED (-1) where they are not there."""

    to: bytes | None
    source: bytes
    text: bytes
    charset: bytes
    udh: bytes | None
    dlr_url: bytes
    account: bytes
    binfo: bytes
    meta_data: bytes
    dlr_mask: int
    mclass: int
    mwi: int
    coding: int
    compress: int
    validity: int  #: minutes
    deferred: int  #: minutes
    priority: int
    pid: int
    alt_dcs: int
    rpi: int
    posted: bool = False  #: it came as a body with X-Kannel headers
    unsupported: bool = False  #: a body of a type that Kannel knows and takes no message from
    user: str = ""
    recipients: list[str] = []  #: set by `check`
    denied: list[str] = []  #: set by `check`
    callback: str | None = None  #: set by `check`: the dlr-url


def number(value: bytes | None) -> int:
    """A number as C's sscanf reads it; UNDEFINED for none."""
    if not value:
        return UNDEFINED
    found = _number(value)
    if found is not None:
        return int(found[1])
    return _HUGE if _huge(value) else UNDEFINED


def fields_of(request: Request) -> form.Fields:
    """The parameters of a query, and of a form behind it. Percent signs may stand for themselves. Raises Refused."""
    data = request.raw_query.encode("latin-1", "replace")
    if request.method == "POST" and request.body:
        data += b"&" + request.body
    try:
        return form.parse(form.mended(data))
    except form.FormError as error:
        raise Refused(Refusal.MALFORMED, str(error)) from None


def of_query(given: form.Fields) -> Fields:
    """What parameters say; of a repeated one the first counts."""
    values = given.values

    def get(name: str, other: str = "") -> bytes | None:
        found = values.get(name) or (values.get(other) if other else None)
        return found[0] if found else None

    return _said(get, get("text") or b"", get("charset") or b"")


def of_headers(request: Request, kind: str, charset: str) -> Fields:
    """What X-Kannel headers say of the body, which is the text; `kind` is the body's type."""
    headers = request.headers

    def get(name: str, other: str = "") -> bytes | None:
        found = headers.get("x-kannel-" + name)
        return None if found is None else found.strip().encode("latin-1", "replace")

    said = _said(get, request.body, charset.encode("latin-1", "replace"))
    udh = said.udh
    said.udh = None if not udh else bytes.fromhex(udh.decode()) if _HEX.match(udh) else b"\0\0"
    if said.coding == UNDEFINED:  # a header of its own makes no octets of a text, as it does in a GET
        said.coding = 1 if kind == "application/octet-stream" else 0
    said.posted = True
    said.unsupported = kind not in ("text/plain", "application/octet-stream")
    return said


def _said(get: Callable[..., bytes | None], text: bytes, charset: bytes) -> Fields:
    """Everything that parameters and headers have in common; `get` takes a name, and another one it may have."""
    return Fields(
        to=get("to"),
        source=get("from") or b"",
        text=text,
        charset=charset,
        udh=get("udh"),
        dlr_url=get("dlr-url", "dlrurl") or b"",
        account=get("account") or b"",
        binfo=get("binfo") or b"",
        meta_data=get("meta-data") or b"",
        dlr_mask=number(get("dlr-mask", "dlrmask")),
        mclass=number(get("mclass")),
        mwi=number(get("mwi")),
        coding=number(get("coding")),
        compress=number(get("compress")),
        validity=number(get("validity")),
        deferred=number(get("deferred")),
        priority=number(get("priority")),
        pid=number(get("pid")),
        alt_dcs=number(get("alt-dcs")),
        rpi=number(get("rpi")),
    )


def check(fields: Fields, default_sender: str | None) -> None:
    """Kannel's checks; raises Problem with the first thing wrong. Sets who gets it and who cannot."""
    if fields.to is None:
        missing = "Missing receiver(s) number(s), rejected" if fields.posted else "Missing receiver number, rejected"
        raise Problem(missing)
    if not fields.to:
        raise Problem("Empty receiver number not allowed, rejected")
    if fields.udh is not None:
        fields.udh = _checked_udh(fields.udh)
    _split(fields, fields.to)
    if not fields.source and not default_sender:
        raise Problem("Sender missing and no global set, rejected")
    if len(fields.account) > _LONGEST_ACCOUNT or not _ACCOUNT_BAD.isdisjoint(fields.account):
        raise Problem("Account field misformed or too long, rejected")
    if fields.dlr_url:
        fields.callback = callable_url(fields.dlr_url)
        if fields.callback is None:
            raise Problem(BAD_URL)
    for value, most, name in (
        (fields.dlr_mask, 127, "DLR-Mask"),
        (fields.mclass, 3, "MClass"),
        (fields.pid, 255, "PID"),
        (fields.rpi, 2, "RPI"),
        (fields.alt_dcs, 1, "Alt-DCS"),
        (fields.mwi, 7, "MWI"),
        (fields.coding, 2, "Coding"),
        (fields.compress, 1, "Compress"),
        (fields.validity, _HUGE - 1, "Validity"),
        (fields.deferred, _HUGE - 1, "Deferred"),
        (fields.priority, 3, "Priority"),
    ):
        if not UNDEFINED <= value <= most:
            raise Problem(f"{name} field misformed, rejected")
    if len(fields.binfo) > _LONGEST_INFO:
        raise Problem("BInfo field misformed, rejected")
    if len(fields.meta_data) > _LONGEST_INFO:
        raise Problem("Meta-Data field misformed, rejected")


def decoded(text: bytes, charset: bytes, default: str) -> str:
    """A text in a charset. Raises Problem for one that there is not, for octets that are none in it, and for U+0000."""
    codec = default
    if charset:
        name = charset.decode("latin-1").strip().lower().replace("-", "_").replace(" ", "_").replace(".", "_")
        name = _ICONV.get(name) or aliases.aliases.get(name, name)
        if name not in _CODECS:
            raise Problem(MISFORMED)
        codec = name
    try:
        found = text.decode(codec)
    except (ValueError, LookupError):
        raise Problem(MISFORMED) from None
    if "\0" in found:
        raise Problem(MISFORMED)
    return found


MISFORMED: Final = "Charset or body misformed, rejected"
BAD_URL: Final = "DLR-URL field misformed, rejected"
DENIED: Final = "Number(s) has/have been denied by white- and/or black-lists."


def _split(fields: Fields, to: bytes) -> None:
    """Who is to get it: words of digits and signs, each once."""
    words = dict.fromkeys(to.decode("latin-1").split())
    if len(words) > MOST_RECIPIENTS:
        raise Problem(DENIED)
    fields.recipients = [word for word in words if _like_number(word)]
    fields.denied = [word for word in words if not _like_number(word)]
    if not fields.recipients:
        raise Problem(DENIED)


def _checked_udh(udh: bytes) -> bytes | None:
    """The header as octets; hexadecimal digits are taken, too, where they are no header themselves."""
    if not udh:
        return None
    if len(udh) != udh[0] + 1:
        if _HEX.match(udh) is None:
            raise Problem("UDH field misformed, rejected")
        udh = bytes.fromhex(udh.decode())
        if len(udh) != udh[0] + 1:
            raise Problem("UDH field misformed, rejected")
    if len(udh) > _PART_OCTETS:
        raise Problem("UDH field is too long, rejected")
    return udh

"""Ardary's contacts: read from a request, and told one by one what became of them."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from smsgwd.dialects.ardary_errors import BAD_EMAIL, BAD_PHONE, EMPTY_PHONE, MALFORMED, NO_PHONE, entry_error
from smsgwd.dialects.http import JSON, Answer
from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused

_Text = str | None
_MOST: Final = 255  #: characters of a field
_SEPARATORS = str.maketrans("", "", " -.()/\u00a0")
_NUMBER = re.compile(r"\+?[0-9]{7,17}\Z", re.ASCII)
_EMAIL = re.compile(
    r"[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{1,62}\Z"
)


class _Contact(msgspec.Struct, gc=False):
    """Both spellings of the page."""

    phone_number: str | msgspec.UnsetType | None = msgspec.UNSET
    phonenumber: str | msgspec.UnsetType | None = msgspec.UNSET
    first_name: _Text = None
    firstname: _Text = None
    last_name: _Text = None
    lastname: _Text = None
    adress: _Text = None
    email: _Text = None
    country_code: _Text = None
    countryCode: _Text = None  # noqa: N815 -- as on the page


class Row(msgspec.Struct, gc=False):
    """One contact of a request: what its answer repeats, and its errors."""

    said: dict[str, Any]
    errors: list[str]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Contact]).decode


def contacts_of(written: msgspec.Raw, most: int) -> tuple[list[Row], tuple[Contact, ...]]:
    """A row for each contact, and those to be kept: of the rows without errors, in order. Raises Refused(MALFORMED)."""
    try:
        entries = _decode(written)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise Refused(Refusal.MALFORMED) from None
    if not 0 < len(entries) <= most:
        raise Refused(Refusal.MALFORMED)
    rows: list[Row] = []
    kept: list[Contact] = []
    for entry in entries:
        phone = entry.phone_number
        if phone is msgspec.UNSET or phone is None:
            phone = entry.phonenumber
        number = phone if isinstance(phone, str) else ""
        first, last = entry.first_name or entry.firstname or "", entry.last_name or entry.lastname or ""
        address, email = entry.adress or "", entry.email or ""
        code = entry.country_code or entry.countryCode or ""
        errors = _faults(phone, email, (first, last, address, code))
        said = {
            "phone_number": number,
            "first_name": first,
            "last_name": last,
            "adress": address,
            "email": email,
        }
        rows.append(Row(said, errors))
        if not errors:
            kept.append(Contact(number.strip(), first, last, email, address, country_of(code, number)))
    return rows, tuple(kept)


def _faults(phone: str | msgspec.UnsetType | None, email: str, texts: tuple[str, ...]) -> list[str]:
    """What is wrong with a contact, in the order of the page's list."""
    errors: list[str] = []
    if not isinstance(phone, str):
        errors.append(NO_PHONE)
    elif not phone.strip():
        errors.append(EMPTY_PHONE)
    elif len(phone) > 40 or _NUMBER.match(phone.strip().translate(_SEPARATORS)) is None:
        errors.append(BAD_PHONE)
    if email and (len(email) > _MOST or _EMAIL.match(email) is None):
        errors.append(BAD_EMAIL)
    if any(len(text) > _MOST or "\0" in text for text in texts):
        errors.append(MALFORMED)
    return errors


def country_of(code: str, number: str) -> str:
    """The country (ISO 3166 alpha-2) of a calling code such as +30, or of a country's name of two letters; '' where
    that tells of none. Where several countries share a code, the number says which. Imports the library of numbering
    plans when a calling code is there first: it is large."""
    written = code.strip().lstrip("+")
    if len(written) == 2 and written.isascii() and written.isalpha():
        return written.upper()
    if not (written.isascii() and written.isdigit() and len(written) <= 5):
        return ""
    import phonenumbers

    regions = phonenumbers.region_codes_for_country_code(int(written))
    if len(regions) == 1:
        return regions[0] if regions[0].isalpha() else ""
    try:
        parsed = phonenumbers.parse("+" + number.strip().translate(_SEPARATORS).lstrip("+"))
    except phonenumbers.NumberParseException:
        return ""
    region = phonenumbers.region_code_for_number(parsed)
    return region if region is not None and region in regions and region.isalpha() else ""


def contact_answer(rows: list[Row], result: list[Refused | None]) -> Answer:
    """What became of each contact; `result` has those that were without errors before, in order."""
    tried = [row for row in rows if not row.errors]
    for row, refused in zip(tried, result, strict=True):
        if refused is not None:
            row.errors.append(entry_error(refused.refusal.code))
    said = [
        row.said | ({"result": "failed", "errors": row.errors} if row.errors else {"result": "success"}) for row in rows
    ]
    return Answer(200, _encode({"data": {"contact": said}}), JSON)

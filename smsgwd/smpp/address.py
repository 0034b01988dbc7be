"""Addresses: TON and NPI found out from how a number or sender id is written, or given (SMPP 3.4 s5.2.5, s5.2.6)."""

import re
from dataclasses import dataclass
from typing import Final

from smsgwd.smpp.constants import ADDRESS_MAX, Npi, Ton
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.status import ESME_RINVDSTADR, ESME_RINVSRCADR

ALPHANUMERIC_MAX: Final = 11  # characters that the network carries of an alphanumeric sender (3GPP TS 23.040 s9.1.2.5)
_INTERNATIONAL = re.compile(r"\+?([0-9]{8,15})")
_DIGITS = re.compile(r"[0-9*#]{1,20}")


@dataclass(frozen=True, slots=True)
class Address:
    """An address as a PDU carries it."""

    ton: int
    npi: int
    addr: bytes


@dataclass(frozen=True, slots=True)
class AddressRule:
    """How a connector types addresses: `ton`/`npi` override what is found out when not None.

    `short_ton`/`short_npi` are for numbers of up to seven digits (short codes), which SMSCs disagree on.
    `keep_plus` leaves the '+' in the address, as a few SMSCs want.
    """

    ton: int | None = None
    npi: int | None = None
    short_ton: int = Ton.NETWORK_SPECIFIC
    short_npi: int = Npi.UNKNOWN
    keep_plus: bool = False


AUTODETECT: Final = AddressRule()


def source_address(text: str, rule: AddressRule = AUTODETECT) -> Address:
    """Type a sender: alphanumeric 5/0, '+' or 8 to 15 digits 1/1, fewer digits a short code; '' is the SMSC's default.

    Raises EncodeError (ESME_RINVSRCADR) for an alphanumeric sender over 11 characters or outside printable Latin-1.
    """
    if not text:
        return Address(_or(rule.ton, Ton.UNKNOWN), _or(rule.npi, Npi.UNKNOWN), b"")
    number = _number(text, rule)
    if number is not None:
        return number
    if len(text) > ALPHANUMERIC_MAX:
        raise EncodeError("source_addr", f"{len(text)} characters, at most 11 are allowed", ESME_RINVSRCADR)
    try:
        addr = text.encode("latin-1")
    except UnicodeEncodeError as fault:
        reason = f"character {fault.start + 1} cannot be in a sender"
        raise EncodeError("source_addr", reason, ESME_RINVSRCADR) from None
    if not text.isprintable():
        raise EncodeError("source_addr", "has a control character", ESME_RINVSRCADR)
    return Address(_or(rule.ton, Ton.ALPHANUMERIC), _or(rule.npi, Npi.UNKNOWN), addr)


def destination_address(text: str, rule: AddressRule = AUTODETECT) -> Address:
    """Type a recipient: '+' or 8 to 15 digits 1/1, fewer digits a short code.

    Raises EncodeError (ESME_RINVDSTADR) for anything that is not a number.
    """
    number = _number(text, rule)
    if number is None:
        raise EncodeError("destination_addr", "is not a number of 1 to 20 digits", ESME_RINVDSTADR)
    return number


def _number(text: str, rule: AddressRule) -> Address | None:
    if match := _INTERNATIONAL.fullmatch(text):
        digits = text if rule.keep_plus else match[1]
        return Address(_or(rule.ton, Ton.INTERNATIONAL), _or(rule.npi, Npi.ISDN), digits.encode("ascii"))
    if not _DIGITS.fullmatch(text) or len(text) > ADDRESS_MAX:
        return None
    if len(text) < 8:
        return Address(_or(rule.ton, rule.short_ton), _or(rule.npi, rule.short_npi), text.encode("ascii"))
    return Address(_or(rule.ton, Ton.UNKNOWN), _or(rule.npi, Npi.ISDN), text.encode("ascii"))


def _or(given: int | None, found: int) -> int:
    return int(found if given is None else given)

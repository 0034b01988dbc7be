"""How a receipt finds its message: the forms one SMSC id takes.

SMSCs write the id of a response and of its receipt differently: other case, leading zeros, hexadecimal in the one and
decimal in the other (reference: Kannel's msg-id-type; Jasmin's dlr_msgid). An id is stored once, canonical; a receipt
is looked up by its candidates in order. The first candidate is the id itself; the others are other ids that may
belong to another message, so a match by one of them counts only when the receipt's number is the message's.

HTTP providers' ids are another thing: text that is compared as it was written (`EXACT`).
"""

from collections.abc import Sequence

_MAX_64 = (1 << 64) - 1
FORMATS = ("auto", "same", "response_hex", "response_dec")
"""Of SMSCs."""
EXACT = "exact"
"""Of providers: case, zeros and all else count; the id itself is the stored form."""


def canonical(smsc_id: str) -> str:
    """The stored form: trimmed, lower case, without leading zeros (a lone zero stays)."""
    return smsc_id.strip().lower().lstrip("0") or "0"


def candidates(receipt_id: str, id_format: str = "auto") -> Sequence[str]:
    """Canonical ids under which the message of a receipt may be stored, the likeliest first.

    `id_format`: `same` = both alike; `response_hex` = the response hexadecimal and the receipt decimal;
    `response_dec` = the other way round; `auto` = alike first, then both conversions; `exact` = as it is written.
    """
    if id_format == EXACT:
        return (receipt_id,)
    own = canonical(receipt_id)
    if id_format == "same":
        return (own,)
    if id_format == "response_hex":
        return (_hex_of(own) or own,)
    if id_format == "response_dec":
        return (_dec_of(own) or own,)
    found = [own]
    for other in (_hex_of(own), _dec_of(own)):
        if other is not None and other not in found:
            found.append(other)
    return found


def likeliest(receipt_id: str, id_format: str = "auto") -> str:
    """The first of `candidates`, without making the others (this one is looked up for every receipt)."""
    if id_format in ("auto", "same"):
        return canonical(receipt_id)
    return candidates(receipt_id, id_format)[0]


def same_number(receipt_number: str, msisdn: str) -> bool:
    """True when a receipt's address can be the message's: equal, or one the end of the other (national form)."""
    digits = receipt_number.lstrip("+").lstrip("0")
    if not digits or not digits.isascii() or not digits.isdigit():
        return False
    shorter, longer = sorted((digits, msisdn), key=len)
    return longer.endswith(shorter) and len(shorter) >= 7


def _hex_of(decimal: str) -> str | None:
    """The hexadecimal form of a decimal id; None when it is no decimal number of 64 bits."""
    if not (decimal.isascii() and decimal.isdigit()) or len(decimal) > 20:
        return None
    number = int(decimal)
    return f"{number:x}" if number <= _MAX_64 else None


def _dec_of(hexadecimal: str) -> str | None:
    """The decimal form of a hexadecimal id; None when it is no hexadecimal number of 64 bits."""
    if not hexadecimal.isascii() or len(hexadecimal) > 16:
        return None
    try:
        return str(int(hexadecimal, 16)) if hexadecimal.isalnum() else None
    except ValueError:
        return None

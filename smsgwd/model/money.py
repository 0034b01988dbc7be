"""Money as integer micro-units of a currency: 1_000_000 is one euro. Never a float."""

import re
from functools import lru_cache

MICRO = 1_000_000
MOST = 10**12 * MICRO  #: a balance, up or down: sums of a ledger stay far from 64 bits
MOST_A_PART = 10**6 * MICRO  #: a price: also of a message with 255 parts the products stay far from that
_DECIMAL = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,6}))?\Z")


def parse_money(text: str) -> int:
    """Micro-units of a decimal string such as '1000.0000'; raises ValueError naming the text when it is none."""
    match = _DECIMAL.match(text)
    if match is None:
        raise ValueError(f"{text!r} is no amount: digits with up to six decimals are expected")
    sign, whole, fraction = match.groups()
    value = int(whole) * MICRO + int((fraction or "").ljust(6, "0"))
    return -value if sign else value


@lru_cache(maxsize=1024)  # prices are few, and every answer has one
def format_money(micro: int) -> str:
    """A decimal string with four decimals, or six where the amount needs them: 999_960_000 → '999.9600'."""
    sign = "-" if micro < 0 else ""
    whole, fraction = divmod(abs(micro), MICRO)
    digits = f"{fraction:06d}"
    return f"{sign}{whole}.{digits[:4] if digits.endswith('00') else digits}"

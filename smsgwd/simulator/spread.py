"""Numbers all over the world: a load whose messages go to some two thousand prefixes of all calling codes in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

ONE: Final = ("30690",)  #: what stands before the eight digits of a number that is not spread
SIZE: Final = len(ONE[0])
BARRED: Final = ("3090", "1900", "4490", "882", "979")  #: no number of a spread load begins so
_A_CODE: Final = 9  # prefixes of a calling code
_NOWHERE: Final = "001"  # phonenumbers' region of codes that belong to no country


def calling_codes() -> list[str]:
    """The calling codes of countries, 1 to 998."""
    return [str(code) for code, regions in sorted(COUNTRY_CODE_TO_REGION_CODE.items()) if _NOWHERE not in regions]


def regions() -> list[str]:
    """The country that each calling code belongs to, mainly; ISO 3166 alpha-2."""
    return sorted(COUNTRY_CODE_TO_REGION_CODE[int(code)][0] for code in calling_codes())


def everywhere() -> list[str]:
    """Countries, and calling codes where several countries share one: all numbers of a spread load are of them."""
    shared = {code: COUNTRY_CODE_TO_REGION_CODE[int(code)] for code in calling_codes()}
    return [regions[0] if len(regions) == 1 else code for code, regions in shared.items()]


def spread() -> tuple[str, ...]:
    """Prefixes of five digits, some of every calling code, for a load whose messages go to them in turn."""
    found = []
    for code in calling_codes():
        room = 10 ** (SIZE - len(code))
        for place in range(_A_CODE):
            prefix = code + str(place * room // _A_CODE).zfill(SIZE - len(code))
            if not prefix.startswith(BARRED):
                found.append(prefix)
    return tuple(found)


def before(number: int, prefixes: Sequence[str]) -> str:
    """What stands before the eight digits of message `number`."""
    return prefixes[number % len(prefixes)]

"""The code points of 3GPP TS 23.038: default alphabet (s6.2.1), extension (s6.2.1.1), Latin national tables (A.2, A.3).

A *locking* table is 128 characters: index = septet. A *single* (shift) table maps the septet after an escape to its
character. `VOID` marks a position the specification leaves empty, `ESC` the escape itself at 0x1B.
`LOCKING` and `SINGLE` are keyed by the national language identifier (s6.2.1.2.4); 0 is the default.
The tables of the Indian languages and Urdu are in `tables_indic`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from smsgwd.gsm import tables_indic
from smsgwd.gsm.tables_indic import ESC, VOID

TURKISH: Final = 1
SPANISH: Final = 2
PORTUGUESE: Final = 3

LANGUAGES: Final[Mapping[str, int]] = MappingProxyType(
    {"turkish": TURKISH, "spanish": SPANISH, "portuguese": PORTUGUESE, **tables_indic.LANGUAGES}
)
"""National language identifiers by name, TS 23.038 s6.2.1.2.4."""

_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ" + ESC + "ÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)


def _runs(runs: Mapping[int, str]) -> dict[int, str]:
    """Return {septet: character} of runs of characters, each under its first septet."""
    return {first + offset: char for first, run in runs.items() for offset, char in enumerate(run)}


def _changed(table: str, runs: Mapping[int, str]) -> str:
    """Return a locking table with runs of characters replaced."""
    chars = dict(enumerate(table)) | _runs(runs)
    return "".join(chars.values())


_EXTENSION = _runs({0x0A: "\f", 0x14: "^", 0x28: "{}", 0x2F: "\\", 0x3C: "[~]", 0x40: "|", 0x65: "€"})

_TURKISH_LOCKING = _changed(_DEFAULT, {0x04: "€", 0x07: "ı", 0x0B: "Ğğ", 0x1C: "Şş", 0x40: "İ", 0x60: "ç"})  # A.3.1
_PORTUGUESE_LOCKING = _changed(
    _DEFAULT,
    {0x04: "êéúíóç", 0x0B: "Ôô", 0x0E: "Áá", 0x12: "ªÇÀ∞^\\€Ó|", 0x1C: "ÂâÊ", 0x24: "º"}
    | {0x40: "Í", 0x5B: "ÃÕÚ", 0x60: "~", 0x7B: "ãõ`"},
)  # A.3.3

_TURKISH_SINGLE = _EXTENSION | _runs(
    {0x47: "Ğ", 0x49: "İ", 0x53: "Ş", 0x63: "ç", 0x67: "ğ", 0x69: "ı", 0x73: "ş"}
)  # A.2.1
_SPANISH_SINGLE = _EXTENSION | _runs(
    {0x09: "ç", 0x41: "Á", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x61: "á", 0x69: "í", 0x6F: "ó", 0x75: "ú"}
)  # A.2.2
_PORTUGUESE_SINGLE = _EXTENSION | _runs(
    {0x05: "ê", 0x09: "ç", 0x0B: "Ôô", 0x0E: "Áá", 0x12: "ΦΓ", 0x15: "ΩΠΨΣΘ", 0x1F: "Ê"}
    | {0x41: "À", 0x49: "Í", 0x4F: "Ó", 0x55: "Ú", 0x5B: "ÃÕ", 0x61: "Â", 0x69: "í", 0x6F: "ó", 0x75: "ú"}
    | {0x7B: "ãõ", 0x7F: "â"}
)  # A.2.3

LOCKING: Final[Mapping[int, str]] = MappingProxyType(
    {0: _DEFAULT, TURKISH: _TURKISH_LOCKING, PORTUGUESE: _PORTUGUESE_LOCKING, **tables_indic.LOCKING}
)
"""Language identifier → 128 characters. Spanish (2) has no locking table (A.3.2 is void)."""

SINGLE: Final[Mapping[int, Mapping[int, str]]] = MappingProxyType(
    {
        0: _EXTENSION,
        TURKISH: _TURKISH_SINGLE,
        SPANISH: _SPANISH_SINGLE,
        PORTUGUESE: _PORTUGUESE_SINGLE,
        **tables_indic.SINGLE,
    }
)
"""Language identifier → {septet after the escape: character}."""

__all__ = ["ESC", "LANGUAGES", "LOCKING", "PORTUGUESE", "SINGLE", "SPANISH", "TURKISH", "VOID"]

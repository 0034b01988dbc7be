"""The national tables of the Indian languages and Urdu: 3GPP TS 23.038 A.2.4–A.2.13 and A.3.4–A.3.13.

The nine scripts descending from ISCII share one layout: a septet stands for the same offset in each script's Unicode
block, unless the block has no such letter, so a locking table is base + layout - gaps + six letters of its own. Single
shift tables share their Latin part; what is national fills the free septets in one fixed order.

Offsets are written as two hexadecimal digits; `VOID` is a position the specification leaves empty.
To change a letter: find its offset (code point - base) in `_Script`; to change the layout of all: `_LETTERS`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ESC: Final = "\x1b"
VOID: Final = "\ufffe"
"""Marks an empty position; also what `codecs.charmap_decode` takes as 'undefined'."""

LANGUAGES: Final[dict[str, int]] = {
    "bengali": 4,
    "gujarati": 5,
    "hindi": 6,
    "kannada": 7,
    "malayalam": 8,
    "oriya": 9,
    "punjabi": 10,
    "tamil": 11,
    "telugu": 12,
    "urdu": 13,
}

# One token a septet: two hexadecimal digits = offset in the script's block, one character = itself.
_LETTERS: Final = (
    "01 02 03 05 06 07 08 09 0A 0B LF 0C 0D CR 0E 0F "
    "10 11 12 13 14 15 16 17 18 19 1A ESC 1B 1C 1D 1E "
    "SP ! 1F 20 21 22 23 24 ) ( 25 26 , 27 . 28 "
    "0 1 2 3 4 5 6 7 8 9 : ; 29 2A 2B ? "
    "2C 2D 2E 2F 30 31 32 33 34 35 36 37 38 39 3C 3D "
    "3E 3F 40 41 42 43 44 45 46 47 48 49 4A 4B 4C 4D "
    "OWN a b c d e f g h i j k l m n o "
    "p q r s t u v w x y z OWN OWN OWN OWN OWN"
)
_CONTROLS: Final = {"LF": "\n", "CR": "\r", "ESC": ESC, "SP": " "}


class _Script(NamedTuple):
    """What one script adds to the common layout (offsets from `base`, hexadecimal, blank separated)."""

    base: int
    gaps: str
    """Offsets of the layout that the block lacks."""
    own: str
    """The letters at 0x60 and 0x7B–0x7F of the locking table."""
    shifted: str
    """The single shift table's letters, in the order of `_FREE`; four digits are a code point, '-' stays void."""


_DIGITS = "66 67 68 69 6A 6B 6C 6D 6E 6F"
_SCRIPTS: Final[dict[str, _Script]] = {
    "bengali": _Script(
        0x0980,
        gaps="0D 0E 11 12 29 31 33 34 35 45 46 49 4A",
        own="4E 57 5C 5D 70 71",
        shifted=_DIGITS + " 5F 60 61 62 63 72 73 74 75 76 77 78 79 7A",
    ),
    "gujarati": _Script(0x0A80, gaps="0E 12 29 31 34 46 4A", own="50 60 61 62 63 71", shifted="0964 0965 " + _DIGITS),
    "hindi": _Script(
        0x0900,
        gaps="",
        own="50 72 7B 7C 7E 7F",
        shifted="0964 0965 " + _DIGITS + " 51 52 53 54 58 59 5A 5B 5C 5D 5E 5F 60 61 62 63 70 71",
    ),
    "kannada": _Script(
        0x0C80, gaps="01 0D 11 29 34 45 49", own="55 56 60 61 62 63", shifted="0964 0965 " + _DIGITS + " 5E 71 72"
    ),
    "malayalam": _Script(
        0x0D00,
        gaps="01 0D 11 29 3C 45 49",
        own="57 60 61 62 63 79",
        shifted="0964 0965 " + _DIGITS + " 70 71 72 73 74 75 7A 7B 7C 7D 7E 7F",
    ),
    "oriya": _Script(
        0x0B00,
        gaps="0D 0E 11 12 29 31 34 45 46 49 4A",
        own="56 57 60 61 62 63",
        shifted="0964 0965 " + _DIGITS + " 5C 5D 5F 70 71",
    ),
    "punjabi": _Script(
        0x0A00,
        gaps="0B 0C 0D 0E 11 12 29 31 34 37 3D 43 44 45 46 49 4A",
        own="51 70 71 72 73 74",
        shifted="0964 0965 " + _DIGITS + " 59 5A 5B 5C 5E 75",
    ),
    "tamil": _Script(
        0x0B80,
        gaps="01 0B 0C 0D 11 16 17 18 1B 1D 20 21 22 25 26 27 2B 2C 2D 3C 3D 43 44 45 49",
        own="50 57 70 71 72 79",
        shifted="0964 0965 " + _DIGITS + " 73 74 75 76 77 78 7A",
    ),
    "telugu": _Script(
        0x0C00,
        gaps="0D 11 29 34 3C 45 49",
        own="55 56 60 61 62 63",
        shifted="- - " + _DIGITS + " 58 59 78 79 7A 7B 7C 7D 7E 7F",
    ),
}


def _locking(script: _Script) -> str:
    """Return the 128 characters of a script's locking shift table."""
    gaps = set(script.gaps.split())
    own = iter(script.own.split())
    chars = []
    for token in _LETTERS.split():
        if token == "OWN":  # noqa: S105  (a layout token)
            chars.append(chr(script.base + int(next(own), 16)))
        elif token in _CONTROLS:
            chars.append(_CONTROLS[token])
        elif len(token) == 1:
            chars.append(token)
        else:
            chars.append(VOID if token in gaps else chr(script.base + int(token, 16)))
    return "".join(chars)


# NUL stands for a septet that is void.
_SHIFT_LATIN: Final[dict[int, str]] = {
    **dict(enumerate("@£$¥¿\"¤%&'\f*+\0-/<=>¡^¡_#*")),
    **dict(enumerate("[~]\0|ABCDEFGHIJKLMNOPQRSTUVWXYZ", 0x3C)),
    **dict(enumerate("{}", 0x28)),
    0x2F: "\\",
    0x65: "€",
}
_FREE: Final = (0x19, 0x1A, *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)
"""The septets that `_SHIFT_LATIN` leaves for national characters, in filling order."""


def _single(base: int, shifted: str) -> dict[int, str]:
    """Return a script's single shift table: the Latin part and the national characters in filling order."""
    table = {septet: char for septet, char in _SHIFT_LATIN.items() if char != "\0"}
    for septet, token in zip(_FREE, shifted.split(), strict=False):
        if token != "-":  # noqa: S105  (a layout token)
            table[septet] = chr(int(token, 16) + (base if len(token) == 2 else 0))
    return dict(sorted(table.items()))


# Arabic letters follow no such layout: A.3.13 septet by septet, rows of sixteen.
_URDU_LOCKING: Final = (
    "\u0627\u0622\u0628\u067b\u0680\u067e\u06a6\u062a\u06c2\u067f\n\u0679\u067d\r\u067a\u067c"
    "\u062b\u062c\u0681\u0684\u0683\u0685\u0686\u0687\u062d\u062e\u062f" + ESC + "\u068c\u0688\u0689\u068a"
    " !\u068f\u068d\u0630\u0631\u0691\u0693)(\u0699\u0632,\u0696.\u0698"
    "0123456789:;\u069a\u0633\u0634?"
    "\u0635\u0636\u0637\u0638\u0639\u0641\u0642\u06a9\u06aa\u06ab\u06af\u06b3\u06b1\u0644\u0645\u0646"
    "\u06ba\u06bb\u06bc\u0648\u06c4\u06d5\u06c1\u06be\u0621\u06cc\u06d0\u06d2\u064d\u0650\u064f\u0657"
    "\u0654abcdefghijklmno"
    "pqrstuvwxyz\u0655\u0651\u0653\u0656\u0670"
)
_URDU_SHIFTED: Final = (
    "0600 0601 06F0 06F1 06F2 06F3 06F4 06F5 06F6 06F7 06F8 06F9 060C 060D 060E 060F 0610 0611 0612 "
    "0613 0614 061B 061F 0640 0652 0658 066B 066C 0672 0673 06CD 06D4"
)

LOCKING: Final[dict[int, str]] = {
    **{LANGUAGES[name]: _locking(script) for name, script in _SCRIPTS.items()},
    LANGUAGES["urdu"]: _URDU_LOCKING,
}
SINGLE: Final[dict[int, dict[int, str]]] = {
    **{LANGUAGES[name]: _single(script.base, script.shifted) for name, script in _SCRIPTS.items()},
    LANGUAGES["urdu"]: _single(0, _URDU_SHIFTED),
}

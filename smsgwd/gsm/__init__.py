"""SMS text: from characters to the octets of each part and back. Pure functions, no I/O, no clock.

Lives here: the alphabets of 3GPP TS 23.038, data_coding, the choice of encoding, cutting into parts, user data headers,
reassembly. Does not: PDUs and TLVs (`smpp`), prices (`admission`), what a connector is configured to (`config`).

The way out is `plan` (admission: what will it cost) then `segments` (connector: what goes on the wire); the way in is
`udh.parse`, `Reassembler`, `decode_text`.

To change X, edit Y:

- a character of an alphabet: `tables` (Latin), `tables_indic` (Indian languages, Urdu)
- what a data_coding value means or which one is sent: `coding`
- which encoding wins: `plan`; where a text may be cut: `cluster`; how much a part holds: `cut`
- what people are told of a text while they type it: `measure`
- what a part looks like on the wire: `segment`, `udh`
- how inbound parts find each other, and what bounds them: `reassembly`
"""

from smsgwd.gsm.charset import CHARSETS, Charset
from smsgwd.gsm.coding import Encoding, decode_text, describe
from smsgwd.gsm.errors import CodingError, GsmError, MalformedUdh, TooManyParts, UnencodableText
from smsgwd.gsm.measure import Measure, costly, measure
from smsgwd.gsm.plan import MAX_PARTS, Plan, plan
from smsgwd.gsm.reassembly import Assembled, Part, Reassembler, SetKey
from smsgwd.gsm.segment import Segment, Style, segments

__all__ = [
    "CHARSETS",
    "MAX_PARTS",
    "Assembled",
    "Charset",
    "CodingError",
    "Encoding",
    "GsmError",
    "MalformedUdh",
    "Measure",
    "Part",
    "Plan",
    "Reassembler",
    "Segment",
    "SetKey",
    "Style",
    "TooManyParts",
    "UnencodableText",
    "costly",
    "decode_text",
    "describe",
    "measure",
    "plan",
    "segments",
]

"""What the ESMEs here have in common: the messages they send, and the JSON lines they print. Standard library only.

Each is a program: its one argument is a JSON object with host, port, system_id, password and mode ('transceiver', or
'pair': a transmitter and a receiver). It binds, submits every message that its library can, waits for the receipt of
every id it was given, probes the link, unbinds and ends with status 0; with 1 when something was missing after
PATIENCE_S.

    {"event": "bound", "mode": ...}            {"event": "answered", "name": ..., "id": ...}
    {"event": "receipt", "id": ..., "tlv_id": ..., "state": ..., "stat": ...}
    {"event": "link_probed"}   {"event": "unbound"}   {"event": "error", "what": ...}
"""

import json
import re
import sys

PATIENCE_S = 20.0
SOURCE = "Shop"
#: name -> destination
DESTINATIONS = {
    "short": "306900000001",
    "udh": "306900000002",
    "payload": "306900000003",
    "unicode": "306900000004",
    "binary": "306900000005",
    "sar": "306900000006",
}
SHORT = "Hello: 5€ [ok] @home"
SHORT_GSM = b"Hello: 5\x1be \x1b<ok\x1b> \x00home"
GREEK = "Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα. " * 3
PAYLOAD = "A text of four hundred characters goes in its own parameter. " * 7
UNICODE = "📦🎉👩‍👩‍👧 για σένα"
BINARY = bytes.fromhex("00ff1b40800a")
_RECEIPT = re.compile(r"^id:(\S*) .*stat:(\S*) ")


def settings():
    """The argument."""
    return json.loads(sys.argv[1])


def say(event, **fields):
    """Print one line."""
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def receipt(text, tlv_id, state):
    """The fields of a 'receipt' line, from the text of a deliver_sm and its TLVs 0x001E and 0x0427."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if isinstance(tlv_id, bytes):
        tlv_id = tlv_id.rstrip(b"\0").decode("latin-1")
    found = _RECEIPT.match(text)
    return {
        "id": found.group(1) if found else None,
        "stat": found.group(2) if found else None,
        "tlv_id": tlv_id,
        "state": state,
    }


def udh_parts(reference, text=GREEK):
    """Its UTF-16 parts with an 8-bit concatenation header, for libraries that cut nothing themselves."""
    octets = text.encode("utf-16-be")
    pieces = [octets[start : start + 134] for start in range(0, len(octets), 134)]
    return [bytes((5, 0, 3, reference, len(pieces), number)) + piece for number, piece in enumerate(pieces, 1)]

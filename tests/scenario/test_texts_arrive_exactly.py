"""Every text arrives at the SMSC letter for letter, in the fewest parts, and its receipt is pushed."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import pytest

from tests.scenario.harness import Catcher, Gateway, Scene, Smsc

GREEK = (
    "Καλημέρα από την πύλη μηνυμάτων. Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα και θα φτάσει στο"
    " τηλέφωνό σας σε τρία μέρη, με τη σωστή σειρά και με μία μόνο απόδειξη παράδοσης."
)
TEXTS = [
    ("a short GSM text", "Hello from smsgwd", 1, 0),
    ("the whole extension table", "{}[]~\\|^€", 1, 0),
    ("160 letters", "x" * 160, 1, 0),
    ("161 letters", "x" * 161, 2, 0),
    ("an escape pair at the cut", "x" * 152 + "€" * 20, 2, 0),
    ("GSM capitals of Greek", "ΔΦΓΛΩΠΨΣΘΞ", 1, 0),
    ("Greek in three parts", GREEK, 3, 8),
    ("emoji", "Your parcel is here 📦🎉👩‍👩‍👧", 1, 8),
    ("a surrogate pair at the cut", "ü" + "я" * 65 + "📦" * 10, 2, 8),
    ("line ends", "first\nsecond\r\nthird", 1, 0),
]


class Stand(NamedTuple):
    """What the tests of this file share."""

    gateway: Gateway
    smsc: Smsc
    catcher: Catcher


@pytest.fixture(scope="module")
def stand(shared: Scene) -> Stand:
    """One gateway between its peers."""
    smsc, catcher = shared.smsc(), shared.catcher()
    return Stand(shared.gateway(smsc, catcher=catcher), smsc, catcher)


@pytest.mark.parametrize(("text", "parts", "data_coding"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_text_arrives_exactly(
    shared: Scene, stand: Stand, request: pytest.FixtureRequest, text: str, parts: int, data_coding: int
) -> None:
    """Sent, received with the same letters, delivered, pushed."""
    dest = f"+3069{zlib.crc32(request.node.name.encode()) % 10**8:08d}"
    answer = stand.gateway.tenant.post(dest, text, client_ref="order 7")
    assert answer.status == 202, answer
    entry = answer.body["messages"][0]
    assert (entry["to"], entry["parts"], entry["error"]) == (dest, parts, None)
    view = stand.gateway.tenant.wait_state(entry["id"], "delivered")
    assert view["connector"] == "smsc1"
    assert view["sent_at"] and view["done_at"] >= view["submitted_at"]
    [got] = [found for found in stand.smsc.texts() if found.dest == dest]
    assert (got.text, got.parts, got.data_coding, got.source) == (text, parts, data_coding, "Shop")
    push = stand.catcher.wait_push(entry["id"])
    assert push["type"] == "message.delivered"
    assert (push["state"], push["to"], push["from"], push["client_ref"]) == ("delivered", dest, "Shop", "order 7")
    assert (push["error"], push["parts"]) == (None, parts)

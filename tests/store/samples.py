"""Messages, receipts and tenants for the tests of stores."""

from smsgwd.model.changes import PartSent, Submit, TakeReceipt
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Coding, Message, State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Credential, Tenant

NOW = 1_790_000_000_000
HOUR = 3_600_000
EURO = 1_000_000
URL = "https://tenant.example/dlr"

_ids = IdGenerator(1)


def begin_anew():
    """Let ids begin at NOW again: a test that made some of a later day must not age those of the next one."""
    global _ids
    _ids = IdGenerator(1)


def fresh_id():
    """An id nobody has."""
    return _ids.block(1, NOW)


def message(**fields):
    """A one-part QUEUED message of tenant demo to connector sim, with a dlr_url."""
    number = fields.pop("id", None) or _ids.block(2, NOW) + 1
    values = {
        "id": number,
        "submission": number - 1,
        "tenant": "demo",
        "source": "iSMS",
        "dest": "+30 691 234 5678",
        "msisdn": "306912345678",
        "body": "Καλημέρα €".encode(),
        "coding": Coding.UCS2,
        "parts": 1,
        "connector": "sim",
        "submitted_at": NOW,
        "deadline": NOW + 24 * HOUR,
        "price": 40_000,
        "dlr_url": URL,
    }
    return Message(**(values | fields))


def submission(count, **fields):
    """The messages of one submission."""
    first = _ids.block(count + 1, fields.get("submitted_at", NOW))
    return [message(id=first + 1 + n, submission=first, **fields) for n in range(count)]


def tenant(name="demo", **fields):
    """A tenant with a credential of each kind."""
    fields.setdefault(
        "credentials",
        (
            Credential("password", name, "$argon2id$x", 1),
            Credential("smpp", name, "$argon2id$y", 8),
            Credential("token", f"digest-of-{name}"),
        ),
    )
    return Tenant(name, **fields)


def submit(*messages, **fields):
    """A Submit of tenant demo."""
    return Submit("demo", list(messages), fields.pop("at", NOW), **fields)


def sent(message_id, smsc_id, part=1, **fields):
    """A part was taken."""
    values = {"group": "g", "connector": "sim", "at": NOW + 1000} | fields
    return PartSent(message_id, part, smsc_id, **values)


def receipt(smsc_id, state=State.DELIVERED, **fields):
    """A receipt of group g."""
    words = {State.DELIVERED: "DELIVRD", State.UNDELIVERED: "UNDELIV", None: "ENROUTE"}
    values = {
        "group": "g",
        "received_at": NOW + 5000,
        "status": words.get(state, "UNKNOWN"),
        "error": "000",
        "msisdn": "306912345678",
        "connector": "sim",
    } | fields
    return TakeReceipt(Receipt(smsc_id=smsc_id, state=state, **values))

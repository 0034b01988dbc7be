"""Messages and tables for tests of the services."""

from dataclasses import dataclass

from smsgwd.model.message import Coding, Message, MessageView
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes

NOW_MS = 1_800_000_000_000


def message(message_id, **fields):
    values = {
        "id": message_id,
        "submission": 1,
        "tenant": "demo",
        "source": "Shop",
        "dest": "+306912345678",
        "msisdn": "306912345678",
        "body": b"Hello",
        "coding": Coding.GSM7,
        "parts": 1,
        "connector": "a",
        "submitted_at": NOW_MS,
        "deadline": NOW_MS + 86_400_000,
    }
    return Message(**{**values, **fields})


def view(made):
    return MessageView(made, None, None, None, None)


@dataclass
class RoutingTables:
    """Tables that can be exchanged; Greek mobile numbers are in network 20201."""

    routes: Routes
    chooser: Chooser

    def network_of(self, msisdn):
        return "20201" if msisdn.startswith("306") else ""

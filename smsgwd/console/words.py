"""Words that come from data: states, roles, kinds. `N_` marks a text for the catalogues and gives it back."""

from __future__ import annotations

from typing import Final


def N_(text: str) -> str:
    """The text, which the catalogues have, too: it is translated where it is shown."""
    return text


#: What data calls something, in English for people.
WORDS: Final = {
    # states of messages
    "scheduled": N_("scheduled"),
    "held": N_("held"),
    "queued": N_("queued"),
    "sent": N_("sent"),
    "delivered": N_("delivered"),
    "undelivered": N_("undelivered"),
    "expired": N_("expired"),
    "rejected": N_("rejected"),
    "cancelled": N_("cancelled"),
    "unknown": N_("unknown"),
    # senders
    "requested": N_("requested"),
    "approved": N_("approved"),
    "refused": N_("refused"),
    # pushes
    "pending": N_("pending"),
    "pushed": N_("pushed"),
    "done": N_("done"),
    "failed": N_("failed"),
    "dead": N_("given up"),
    "given_up": N_("given up"),
    # the audit
    "begun": N_("begun"),
    "socket": N_("socket"),
    "console": N_("console"),
    # binds and nodes
    "draining, closed": N_("draining, and closed"),
    "transmitter": N_("transmitter"),
    "receiver": N_("receiver"),
    "transceiver": N_("transceiver"),
    # connectors and binds
    "up": N_("up"),
    "down": N_("down"),
    "bound": N_("bound"),
    "running": N_("running"),
    "stopped": N_("stopped"),
    "paused": N_("paused"),
    "draining": N_("draining"),
    "connecting": N_("connecting"),
    "closed": N_("closed"),
    "open": N_("open"),
    # the ledger
    "topup": N_("top-up"),
    "reserve": N_("reserved"),
    "charge": N_("charge"),
    "refund": N_("refund"),
    "correction": N_("correction"),
    # roles
    "read": N_("read"),
    "operate": N_("operate"),
    "admin": N_("admin"),
}

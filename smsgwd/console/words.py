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
    # what is told of a sender that is asked for
    "company": N_("company"),
    "registration": N_("registration number"),
    "website": N_("web site"),
    "purpose": N_("purpose"),
    "countries": N_("countries"),
    "remarks": N_("remarks"),
    # what happens to a message, and how its text travels
    "accepted": N_("accepted"),
    "retry": N_("tried again"),
    "receipt": N_("receipt"),
    "gsm": N_("GSM alphabet"),
    "latin1": N_("Latin 1"),
    "ucs2": N_("Unicode"),
    "binary": N_("binary"),
    # roles
    "read": N_("read"),
    "operate": N_("operate"),
    "admin": N_("admin"),
    # how somebody logs in
    "password": N_("password"),
    "token": N_("token"),
    "smpp": N_("SMPP account"),
    "webhook": N_("webhook secret"),
    "live": N_("live"),
    "ended": N_("ended"),
    "enabled": N_("enabled"),
    "disabled": N_("disabled"),
    "on": N_("on"),
    "off": N_("off"),
    "waits for a code": N_("waits for the first code"),
    # prices and rules
    "in effect": N_("in effect"),
    "allowed": N_("allowed"),
    "substitute": N_("replaced"),
    "refuse": N_("refused"),
    "operator": N_("an operator"),
    # what a route asks and does
    "failover": N_("the first that is up"),
    "round_robin": N_("in turn"),
    "weighted": N_("in turn, by weight"),
    "least_cost": N_("the cheapest"),
    "sticky": N_("the same for a recipient"),
    "to": N_("to"),
    "sender": N_("from"),
    "tenant": N_("tenant"),
    "networks": N_("networks"),
    "min_parts": N_("parts at least"),
    "max_parts": N_("parts at most"),
    "codings": N_("codings"),
    "priorities": N_("priorities"),
    "hours": N_("hours"),
    "channel": N_("channel"),
    "weights": N_("weights"),
    "margin": N_("must remain, %"),
    "rewriting": N_("rewrites"),
    "on_undelivered": N_("when undelivered"),
    "next": N_("the next connector"),
    "network": N_("network"),
    "device": N_("device"),
    # why a message goes where it goes (routing/explain.py says them)
    "it takes the message": N_("it takes the message"),
    "it is for another tenant": N_("it is for another tenant"),
    "it does not take this number": N_("it does not take this number"),
    "its connectors are not all of the channel that is asked for": N_(
        "its connectors are not all of the channel that is asked for"
    ),
    "it does not take this sender": N_("it does not take this sender"),
    "it does not take so many parts, or so few": N_("it does not take so many parts, or so few"),
    "it does not take this coding": N_("it does not take this coding"),
    "it does not take this priority": N_("it does not take this priority"),
    "it is outside its hours": N_("it is outside its hours"),
    "the network of the number is not known": N_("the network of the number is not known"),
    "the first that is up": N_("the first that is up"),
    "the next in turn that is up": N_("the next in turn that is up"),
    "whose turn it is by weight, among those that are up": N_("whose turn it is by weight, among those that are up"),
    "the cheapest that is up": N_("the cheapest that is up"),
    "the one this recipient sticks to, of those that are up": N_(
        "the one this recipient sticks to, of those that are up"
    ),
    "the only connector of the rule": N_("the only connector of the route"),
    "the only connector of the rule that leaves enough of the price": N_(
        "the only connector of the route that leaves enough of the price"
    ),
    "none is up: it waits for the one that is preferred": N_("none is up: it waits for the one that is preferred"),
    "it is down: the message waits": N_("it is down: the message waits"),
}

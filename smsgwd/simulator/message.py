"""A message that the simulated SMSC has accepted, and something it has to deliver to an ESME."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smsgwd.simulator.account import Account
    from smsgwd.simulator.behaviour import Fate


class SmscMessage:
    """One accepted part. `due` is when it becomes final (s, monotonic); until then it is ENROUTE.

    `id` is as in the response, `receipt_id` as in receipts; addresses are (TON, NPI, octets).
    """

    __slots__ = (
        "accepted_wall",
        "body",
        "data_coding",
        "dest",
        "due",
        "fate",
        "id",
        "receipt_id",
        "registered_delivery",
        "source",
        "stat",
        "temper",
    )

    def __init__(
        self,
        message_id: bytes,
        receipt_id: bytes,
        source: tuple[int, int, bytes],
        dest: tuple[int, int, bytes],
        body: bytes,
        data_coding: int,
        registered_delivery: int,
        fate: "Fate",
        due: float,
        accepted_wall: float,
        temper: str = "",
    ) -> None:
        self.id = message_id
        self.receipt_id = receipt_id
        self.source = source
        self.dest = dest
        self.body = body
        self.data_coding = data_coding
        self.registered_delivery = registered_delivery
        self.fate = fate
        self.stat = fate.stat
        self.due = due
        self.accepted_wall = accepted_wall
        self.temper = temper  #: what goes wrong with its final receipt (tempers.py)

    def stat_at(self, now: float) -> str:
        """The stat word at `now` (s, monotonic)."""
        return self.stat if now >= self.due else "ENROUTE"


class Delivery:
    """A deliver_sm to be: a receipt of `message` with `stat`, or an MO with its fields in `mo`.

    It lives until it is acknowledged. `link` is the connection that submitted the message, `attempts` counts sendings.
    """

    __slots__ = ("account", "attempts", "intermediate", "link", "message", "mo", "stat")

    def __init__(
        self,
        account: "Account",
        link: Any = None,
        message: SmscMessage | None = None,
        stat: str = "",
        intermediate: bool = False,
        mo: dict[str, Any] | None = None,
    ) -> None:
        self.account = account
        self.link = link
        self.message = message
        self.stat = stat
        self.intermediate = intermediate
        self.mo = mo
        self.attempts = 0

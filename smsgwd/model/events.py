"""Events that are about no message on its way: what is known of each (`data` of the native push; docs/events.md)."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

CLICKED: Final = "link.clicked"
CALL: Final = "call"
QUALIFIED: Final = "call.qualified"

Number = Annotated[str, Meta(pattern=r"^\+?[0-9]{3,20}$")]
Moment = Annotated[str, Meta(max_length=40)]


class Clicked(msgspec.Struct, frozen=True, gc=False):
    """A person opened a tracked link. `at`: RFC 3339, UTC."""

    link: str  #: where it leads
    short: str
    code: str
    to: str  #: whom the message was to, digits
    message_id: str
    client_ref: str | None
    at: str
    first: bool


class Call(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}, forbid_unknown_fields=True):
    """A tenant's phone was called, or called. `at`, its beginning: RFC 3339."""

    direction: Literal["incoming", "outgoing", "missed"]
    at: Moment
    from_: Number | None = None
    to: Number | None = None
    duration_s: Annotated[int, Meta(ge=0, le=10_000_000)] = 0

    def __post_init__(self) -> None:
        if self.number is None:
            raise ValueError("an outgoing call says whom it was to (to), any other one whom it was from (from)")

    @property
    def number(self) -> str | None:
        """The other side's."""
        return self.to if self.direction == "outgoing" else self.from_


class Qualified(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}, forbid_unknown_fields=True):
    """Somebody said what a call was about. `at`: RFC 3339."""

    from_: Number
    qualification: Annotated[str, Meta(min_length=1, max_length=2000)]
    source: Literal["mobile", "interface"]
    at: Moment


Event = Clicked | Call | Qualified
TYPES: Final[dict[str, type[Clicked] | type[Call] | type[Qualified]]] = {
    CLICKED: Clicked,
    CALL: Call,
    QUALIFIED: Qualified,
}

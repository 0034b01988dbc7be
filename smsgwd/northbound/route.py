"""What a row of a table of endpoints is, and what the rows of all tables share.

Each family of endpoints has a table of its own (`routes.py`, `book_routes.py`, `money_routes.py`); `routes.ROUTES` is
all of them.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from smsgwd.model.refusals import Refusal, Refused

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_STATES = 20
SLOT = re.compile(r"\{([a-z_]+)\}\Z")


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the query, the path or a header, with its JSON schema."""

    name: str
    where: str  #: query, path, header
    schema: dict[str, Any]
    text: str
    repeated: bool = False


class Route(msgspec.Struct, frozen=True):
    """One endpoint. `answer` is the status of success with the types its JSON body may have.

    `path` has slots such as `{name}`, a whole segment each; `{id}` takes 1 to 19 digits, the others any text.
    """

    method: str
    path: str
    operation: str  #: the handler's name, and the operationId
    summary: str
    text: str
    status: int
    answer: tuple[type, ...]
    errors: tuple[Refusal, ...]
    parameters: tuple[Parameter, ...] = ()
    body: type | None = None  #: of a JSON body
    authenticated: bool = True
    media_type: str = "application/json"  #: of an answer that is not described by `answer`
    example: str = ""  #: arguments of a curl line, for people
    scope: str = ""  #: what a credential must be good for (`model.tenant.SCOPES`); '' = any credential
    takes: tuple[str, ...] = ()  #: media types of a body that is no JSON, such as text/csv (in UTF-8)
    gives: tuple[str, ...] = ()  #: media types the answer may have besides JSON (alone where `answer` is empty)
    tag: str = "account"  #: the heading it stands under in the description

    @property
    def label(self) -> str:
        """What metrics count it under."""
        return f"{self.method} {self.path}"

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots of its path, in order."""
        found = (SLOT.match(segment) for segment in self.path.split("/"))
        return tuple(one[1] for one in found if one is not None)


#: Any authenticated request may end in these.
COMMON = (
    Refusal.UNAUTHENTICATED,
    Refusal.TOO_MANY_FAILURES,
    Refusal.ADDRESS_NOT_ALLOWED,
    Refusal.OUT_OF_SCOPE,
    Refusal.HEADERS_TOO_LARGE,
    Refusal.MALFORMED,
    Refusal.INVALID,
    Refusal.STORE_UNAVAILABLE,
    Refusal.SHUTTING_DOWN,
    Refusal.OVERLOADED,
    Refusal.INTERNAL,
)
#: And any with a body in these.
BODY = (Refusal.TOO_LARGE, Refusal.REQUEST_TIMEOUT, Refusal.UNSUPPORTED_MEDIA_TYPE)

ID = Parameter(
    "id",
    "path",
    {"type": "string", "pattern": "^[0-9]{1,19}$"},
    "The id of a message, or of a submission.",
)
DATE = {"type": "string", "format": "date-time"}
FROM_DATE = Parameter("from_date", "query", DATE, "Submitted at this time or later (RFC 3339; write + as %2B).")
TO_DATE = Parameter("to_date", "query", DATE, "Submitted before this time.")
FORMAT = Parameter(
    "format", "query", {"type": "string", "enum": ["json", "csv"], "default": "json"}, "JSON, or a CSV file."
)


def limit_of(query: dict[str, list[str]], default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> int:
    """How many rows a query asks for. Raises Refused(INVALID)."""
    written = query.get("limit", [str(default)])[0]
    if not (written.isascii() and written.isdigit() and len(written) <= 4 and 1 <= int(written) <= most):
        raise Refused(Refusal.INVALID, f"limit: a number from 1 to {most} is expected")
    return int(written)


def limit_parameter(what: str) -> Parameter:
    """The parameter `limit` of a list of `what`."""
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return Parameter("limit", "query", schema, f"How many {what} at most.")

"""Message ids in the forms SMSCs use; one number behind each, so that response and receipt may differ in form only."""

from collections.abc import Callable
from hashlib import sha256
from uuid import UUID

from smsgwd.simulator.options import IdForm


def _decimal(number: int) -> bytes:
    return b"%d" % number


def _hexadecimal(number: int) -> bytes:
    return b"%x" % number


def _uuid(number: int) -> bytes:
    return str(UUID(bytes=sha256(b"%d" % number).digest()[:16], version=4)).encode()


_FORMS: dict[str, Callable[[int], bytes]] = {"dec": _decimal, "hex": _hexadecimal, "uuid": _uuid}


def id_writer(form: IdForm) -> Callable[[int], bytes]:
    """The function that writes a message number in `form`: decimal, hexadecimal (lower case) or a UUID made of it."""
    return _FORMS[form]


def first_number(wall: float) -> int:
    """The first message number of a run started at `wall` (seconds since 1970): ids differ from run to run."""
    return int(wall * 1000) * 1000 % 10**16 + 1

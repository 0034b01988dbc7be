"""The addresses that providers call back: made for the plugins, checked when somebody calls.

`BASE/callback/CONNECTOR/TOKEN`, and for what is about one message `BASE/callback/CONNECTOR/TOKEN/MESSAGE`. The token is
a keyed digest of the connector's name, and of the message's id where there is one: nobody can make one, or use one for
anything else than it was made for. It is made with the newest of the secret keys and known under all of them.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import urlsplit

ROOT: Final = "/callback/"
_PURPOSE: Final = b"smsgwd callback addresses"
_OCTETS: Final = 18  # of the digest: 144 bits, 24 characters without padding
_REST: Final = re.compile(
    r"(?P<connector>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})/(?P<token>[A-Za-z0-9_-]{24})(?:/(?P<message>[1-9][0-9]{0,18}))?",
    re.ASCII,
)


class Called(NamedTuple):
    """What an address says; the token is not checked."""

    connector: str
    token: str
    message_id: str  #: '' = about none in particular


class CallbackUrls:
    """Makes addresses and knows them again. `use` the keys before anything else."""

    def __init__(self, public_url: str) -> None:
        """`public_url`: how we are reached, where a connector has no address of its own."""
        self._base = public_url.rstrip("/")
        self._keys: tuple[bytes, ...] = ()

    def use(self, token_keys: Sequence[bytes]) -> None:
        """Have these keys from now on, newest first (`app.secrets.Vault.listen`)."""
        self._keys = tuple(hmac.digest(key, _PURPOSE, sha256) for key in token_keys)

    def url_for(self, connector: str, message_id: int | None = None, base: str | None = None) -> str:
        """Where a connector's provider may call, about a message of ours or about anything; `base` None = the public
        address. `base` has no query."""
        about = "" if message_id is None else str(message_id)
        root = self._base if base is None else base.rstrip("/")
        url = f"{root}{ROOT}{connector}/{_token(self._keys[0], connector, about)}"
        return f"{url}/{about}" if about else url

    def is_good(self, called: Called) -> bool:
        """Whether the token is the one of this connector and message, under any key; takes as long for any token."""
        good = False
        for key in self._keys:
            good |= hmac.compare_digest(_token(key, called.connector, called.message_id), called.token)
        return good


def parse(path: str, roots: Sequence[str] = (ROOT,)) -> Called | None:
    """The parts of a request's path (as sent, without query) below one of `roots`. None for anything that we would
    not have written: escaped characters, dots, further segments."""
    for root in roots:
        if path.startswith(root):
            found = _REST.fullmatch(path, len(root))
            return None if found is None else Called(found["connector"], found["token"], found["message"] or "")
    return None


def roots_of(public_url: str, bases: Sequence[str | None]) -> tuple[str, ...]:
    """What paths of callbacks may begin with: below the public address and those of connectors (None = the public one)
    as they are written, and at the root, for proxies that take away what is before."""
    paths = {urlsplit(url).path.rstrip("/") for url in (public_url, *bases) if url is not None}
    return tuple(sorted((f"{path}{ROOT}" for path in {"", *paths}), key=len, reverse=True))


def _token(key: bytes, connector: str, message_id: str) -> str:
    about = f"{connector}/{message_id}" if message_id else connector  # no connector has a slash in its name
    return urlsafe_b64encode(hmac.digest(key, about.encode(), sha256)[:_OCTETS]).decode("ascii")

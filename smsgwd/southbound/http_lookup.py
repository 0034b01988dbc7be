"""A lookup source that answers JSON over HTTP (docs/lookups.md): what an HLR provider's adapter speaks, and the
simulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.ports.push import HttpAnswer, HttpClient

PLACE: Final = "{msisdn}"
_Text = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
_STATES: Final = {state.public.lower(): state for state in LookupState if state.final}


class LookupTrouble(Exception):  # noqa: N818 -- the source's trouble, not an error of ours
    """The source gave no usable answer; the text says why, without the number and without secrets."""


class _Said(msgspec.Struct, frozen=True, gc=False):
    """What a source answers; unknown fields are skipped."""

    state: _Text
    country: Annotated[str, Meta(pattern="^([A-Za-z]{2})?$")] | None = ""
    operator: _Text | None = ""
    mcc: Annotated[str, Meta(pattern="^([0-9]{3})?$")] | None = ""
    mnc: Annotated[str, Meta(pattern="^([0-9]{2,3})?$")] | None = ""
    imsi: Annotated[str, Meta(pattern="^([0-9]{6,15})?$")] | None = ""
    msc: Annotated[str, Meta(pattern=r"^(\+?[0-9]{3,20})?$")] | None = ""
    error: _Text | None = ""
    ported: bool | None = None


_decode = msgspec.json.Decoder(_Said).decode


class HttpLookupSource:
    """Implements `ports.lookups.LookupSource`."""

    def __init__(self, name: str, http: HttpClient, url: str, headers: Mapping[str, str], timeout_s: float) -> None:
        """`url` holds {msisdn} once, in its path or query."""
        self._name = name
        self._http = http
        self._url = url
        self._headers = {"Accept": "application/json", **headers}
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """See `ports.lookups.LookupSource`."""
        return self._name

    def lookup(self, msisdn: str) -> Deferred[LookupFacts | None]:
        """See `ports.lookups.LookupSource`. Fails with LookupTrouble or ports.push.HttpFailure."""
        parts = urlsplit(self._url.replace(PLACE, msisdn))
        plain = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        answer = self._http.get(plain, parts.query, self._headers, self._timeout_s)
        return answer.addCallback(self._facts)

    def _facts(self, answer: HttpAnswer) -> LookupFacts | None:
        """What an answer says. 404: it cannot tell. Raises LookupTrouble."""
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise LookupTrouble(f"answered {answer.status}")
        try:
            said = _decode(answer.body)
        except msgspec.DecodeError as error:  # names the member, and holds nothing of what was in it
            raise LookupTrouble(f"answered what is no lookup: {error}") from None
        state = _STATES.get(said.state.lower())
        if state is None:
            raise LookupTrouble("answered a state that is none of delivered, undelivered, unknown, failed")
        return LookupFacts(
            state,
            (said.country or "").upper(),
            said.operator or "",
            said.mcc or "",
            said.mnc or "",
            said.imsi or "",
            said.msc or "",
            said.error or "",
            said.ported,
            self._name,
        )

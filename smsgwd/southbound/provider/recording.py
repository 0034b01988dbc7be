"""A call's HTTP exchanges as operators see them: secrets masked, bodies cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.providers.http import Reply
from smsgwd.southbound.provider.calls import Exchange
from smsgwd.southbound.provider.masking import Masking, tokens_of
from smsgwd.southbound.provider.requests import Errand

LONGEST_BODY: Final = 2000
"""Characters of a body that are kept."""


def exchanges_of(errands: Sequence[Errand], masking: Masking) -> list[Exchange]:
    """The exchanges of requests that have begun or failed. What one of them carried as authorization (a token that
    another one's answer had given) is masked in all of them."""
    known = masking.with_also(token for errand in errands for token in tokens_of(errand.request.headers))
    return [_exchange(errand, known) for errand in errands]


def _exchange(errand: Errand, masking: Masking) -> Exchange:
    request, outcome = errand.request, errand.outcome
    reply = outcome if isinstance(outcome, Reply) else Reply(0)
    return Exchange(
        method=_clean(request.method),
        url=_clean(masking.text(request.url)),
        headers={_clean(name): _clean(value) for name, value in masking.headers(request.headers).items()},
        body=_body(request.body, masking),
        status=reply.status,
        answer_headers={_clean(name): _clean(value) for name, value in masking.headers(reply.headers).items()},
        answer=_body(reply.body, masking),
        ms=round(errand.took_ms, 1),
        trouble="" if isinstance(outcome, Reply) else _clean(masking.text(str(outcome or "not granted in time"))),
    )


def _body(body: bytes, masking: Masking) -> str:
    """Masked before it is cut: half a secret would not be found."""
    return masking.text(body.decode("utf-8", "replace"))[:LONGEST_BODY]


def _clean(text: str) -> str:
    """What a plugin wrote may have halves of surrogate pairs in it, which no frame can carry."""
    return text.encode("utf-8", "replace").decode()

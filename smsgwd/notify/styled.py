"""Pushes in the style of a provider: which items have one, and the request that the style's dialect makes of them."""

from __future__ import annotations

from functools import cache
from urllib.parse import quote

from smsgwd.dialects.dialect import Dialect, Options
from smsgwd.dialects.http import Push as Told
from smsgwd.dialects.registry import DIALECTS
from smsgwd.model.callbacks import styled, unpack_callback, unpack_event
from smsgwd.model.outbox import OutboxItem
from smsgwd.net.targets import MAX_URL

_QUERY = "%=&+"  #: stand in a query as they are, besides what never has to be encoded


class StyleError(ValueError):
    """An item cannot be told in its style: a damaged one, a style that is none, or one whose writing is at fault."""


@cache
def _dialect(style: str) -> Dialect:
    """The writer of a style. Raises StyleError for one that there is not (any more)."""
    make = DIALECTS.get(style)
    if make is None:
        raise StyleError(f"there is no style {style}")
    return make(Options())  # writing callbacks depends on no option


def is_styled(item: OutboxItem) -> bool:
    """True for what a dialect writes: receipts with a callback of their own, and events packed with a style."""
    return item.callback is not None or (item.payload is not None and styled(item.payload))


def told(item: OutboxItem) -> Told | None:
    """The request that tells of an item `is_styled`; None where its style has nothing to say of it. Raises StyleError:
    trying it again would not help."""
    try:
        if item.callback is not None:
            callback = unpack_callback(item.callback)
            push = _dialect(callback.style).receipt(item, callback)
        else:
            style, data = unpack_event(item.payload or b"")
            if style is None:
                raise StyleError("an event without a style")
            push = _dialect(style.style).event(item.type, data, style, item.url, item.created_at)
    except StyleError:
        raise
    except Exception as error:
        raise StyleError(type(error).__name__) from error
    if push is None:
        return None
    if push.method not in ("GET", "POST"):
        raise StyleError(f"a callback by {push.method[:10]}")
    kind = push.content_type
    if push.method == "POST" and not (kind and kind.isascii() and kind.isprintable()):
        raise StyleError("a content type that is none")
    return push


def asked_of(item: OutboxItem, push: Told) -> tuple[str, str]:
    """URL and query of a GET, for `HttpClient.get`, whose limit of a URL's length the query does not count to: what the
    style added to the tenant's URL, else everything behind the question mark of one that has become too long."""
    url, own = push.url, item.url.partition("#")[0]
    if url.startswith(own) and url[len(own) : len(own) + 1] in ("?", "&"):
        return own, quote(url[len(own) + 1 :], safe=_QUERY)
    if len(url) <= MAX_URL:
        return url, ""
    before, _, query = url.partition("?")
    return before, quote(query.partition("#")[0], safe=_QUERY)

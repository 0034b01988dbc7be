"""Addresses that somebody else wrote and we shall call, or lead people to: what may be wrong with them."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_URL_CHARACTERS = re.compile(r"[\x21-\x7e]+\Z")
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.|\Z))+\Z|\[[0-9A-Fa-f:.]+\]\Z")


def url_fault(url: str) -> str | None:
    """What is wrong with an http(s) URL, without its length; None when nothing is."""
    if _URL_CHARACTERS.match(url) is None:
        return "has characters that must be percent-encoded"
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return "has a malformed host or port"
    if split.scheme not in ("http", "https"):
        return "is neither http nor https"
    if "@" in split.netloc:
        return "holds credentials, which others would see"
    host = split.netloc.rpartition(":")[0] if port is not None else split.netloc.removesuffix(":")
    if _HOST.match(host) is None or port == 0:
        return "has a malformed host or port"
    return None

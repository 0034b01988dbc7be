"""The URL of a client's callback, as a client wrote it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

LONGEST: Final = 2048
_NOT_URL: Final = re.compile(rb"[^!-~]")


def callable_url(written: bytes) -> str | None:
    """A http(s) URL as it can be called, percent-encoded where it holds what no URL can; None for what is none.

    Neither credentials (others would see them) nor a fragment (it is never sent) may be in it. Whether its address may
    be called is asked when it is called.
    """
    if len(written) > LONGEST:
        return None
    url = _NOT_URL.sub(_encoded, written).decode("ascii")
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return None
    if split.scheme not in ("http", "https") or not split.hostname or port == 0:
        return None
    return None if "@" in split.netloc or "%" in split.netloc or "#" in url or len(url) > LONGEST else url


def _encoded(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]

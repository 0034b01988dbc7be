"""The URL of a client's callback, as a client wrote it."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.model.urls import url_fault

LONGEST: Final = 2048
_NOT_URL: Final = re.compile(rb"[^!-;=?-\[\]_a-z~]")  # what no URL can hold (RFC 3986 s2): see net.targets


def callable_url(written: bytes) -> str | None:
    """A http(s) URL as it can be called, percent-encoded where it holds what no URL can; None for what is none.

    Neither credentials (others would see them) nor a fragment (it is never sent) may be in it. Whether its address may
    be called is asked when it is called.
    """
    if len(written) > LONGEST:
        return None
    url = _NOT_URL.sub(_encoded, written).decode("ascii")
    return None if "#" in url or len(url) > LONGEST or url_fault(url) is not None else url


def _encoded(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]

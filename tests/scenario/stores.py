"""Which store the gateways of scenes have: the embedded one, or with SMSGWD_TEST_STORE=redis one on a real server.

The whole suite is run on the embedded store; `.ci/run` runs scenes, dialects and crashes on the other one, too.
"""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path

import pytest

from tests.store.redis_server import Server

REDIS = os.environ.get("SMSGWD_TEST_STORE") == "redis"
#: For what is about the embedded store's own file.
embedded_only = pytest.mark.skipif(REDIS, reason="about the embedded store's file")


@functools.cache
def server() -> Server:
    """The server of this test process, fsyncing each write: it ends with the process."""
    return Server(appendfsync="always")


def section(directory: Path) -> dict[str, object]:
    """Section `store` of a gateway whose data is in this directory: {} for the usual store."""
    if not REDIS:
        return {}
    prefix = hashlib.blake2b(str(directory).encode(), digest_size=8).hexdigest()
    return {"store": {"kind": "redis", "url": server().url, "prefix": prefix}}

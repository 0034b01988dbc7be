"""What a server must be like before anything is trusted to it."""

from __future__ import annotations

from collections.abc import Mapping

_OLDEST = (7, 2)


def facts(info: bytes) -> dict[str, str]:
    """INFO's lines by name."""
    pairs = (line.partition(":") for line in info.decode("utf-8", "replace").splitlines() if not line.startswith("#"))
    return {name: value for name, colon, value in pairs if colon}


def refused(info: Mapping[str, str], settings: Mapping[str, str], *, strict: bool) -> list[str]:
    """Why this server cannot be used; [] = it can. `settings`: of CONFIG GET, empty where that is not allowed.

    `strict`: what is acknowledged must survive a power cut.
    """
    reasons: list[str] = []
    written = info.get("valkey_version") or info.get("redis_version") or "0"
    version = tuple(int(part) for part in written.split(".")[:2] if part.isdigit())
    if version < _OLDEST:
        reasons.append(f"it is of version {written}; Redis or Valkey 7.2 is the oldest that can")
    policy = settings.get("maxmemory-policy", info.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        reasons.append(f"maxmemory-policy is {policy}: it would forget messages; it must be noeviction")
    if strict and info.get("aof_enabled") != "1":
        reasons.append(
            "appendonly is no: a restart would lose what was acknowledged; set it to yes, or durability to server"
        )
    if strict and settings.get("appendfsync") == "no":
        reasons.append("appendfsync is no: it never says that anything is safe; set it to always or everysec")
    return reasons

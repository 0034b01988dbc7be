"""Who asks on the admin socket, and what role that gives: users and groups of the system against `admin.roles`."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Final

from smsgwd.config.model.operations import Roles
from smsgwd.model.operators import ROLES, Caller, Role
from smsgwd.net.unix_peer import UnixPeer

_NOWHERE: Final = Caller("nobody", "", "socket")


class Callers:
    """Tells callers by their process's user. Names are looked up at each connection's request: the system's users and
    groups may change while the gateway runs."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def become(self, roles: Roles) -> None:
        """These are the roles from the next request on."""
        self._roles = roles

    def caller(self, peer: UnixPeer | None) -> Caller:
        """Who is behind a connection; one that the kernel tells nothing of has no role."""
        if peer is None:
            return _NOWHERE
        return Caller(_user(peer.uid), self._role(peer), "socket", f"pid {peer.pid}")

    def _role(self, peer: UnixPeer) -> Role:
        if peer.uid in (0, os.geteuid()):
            return "admin"
        user = _user(peer.uid)
        groups = {_group(gid) for gid in peer.groups}
        for role in reversed(ROLES):
            named: tuple[str, ...] = getattr(self._roles, role)
            if any(name == user or (name.startswith("@") and name[1:] in groups) for name in named):
                return role
        others = self._roles.others
        return "" if others == "none" else others


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return f"gid {gid}"

"""Who asks, and what role that gives."""

import grp
import os
import pwd

import pytest

from smsgwd.config.model.operations import Roles
from smsgwd.net.unix_peer import UnixPeer
from smsgwd.ops import callers as module
from smsgwd.ops.callers import Callers

USERS = {0: "root", 500: "smsgwd", 1001: "alice", 1002: "bob", 1003: "eve"}
GROUPS = {1001: "alice", 2000: "oncall", 2001: "staff"}


@pytest.fixture(autouse=True)
def system(monkeypatch):
    def user(uid):
        return pwd.struct_passwd((USERS[uid], "x", uid, uid, "", "/", "/bin/sh"))

    def group(gid):
        return grp.struct_group((GROUPS[gid], "x", gid, []))

    monkeypatch.setattr(module.pwd, "getpwuid", user)
    monkeypatch.setattr(module.grp, "getgrgid", group)
    monkeypatch.setattr(module.os, "geteuid", lambda: 500)


def role(roles, uid, *groups):
    return Callers(roles).caller(UnixPeer(77, uid, uid, frozenset((uid, *groups)))).role


ROLES = Roles(admin=("alice",), operate=("@oncall",), read=("@staff",), others="none")


@pytest.mark.parametrize(
    ("uid", "groups", "wanted"),
    [
        (0, (), "admin"),
        (500, (), "admin"),
        (1001, (), "admin"),
        (1001, (2000,), "admin"),
        (1002, (2000,), "operate"),
        (1002, (2000, 2001), "operate"),
        (1002, (2001,), "read"),
        (1003, (), ""),
        (4242, (), ""),
        (4242, (2000,), "operate"),
    ],
)
def test_the_highest_role_counts(uid, groups, wanted):
    assert role(ROLES, uid, *groups) == wanted


def test_others_may_look_where_nothing_is_said():
    assert role(Roles(), 1003) == "read"
    assert role(Roles(others="operate"), 1003) == "operate"


def test_a_group_is_no_user_and_a_user_no_group():
    assert role(Roles(admin=("oncall",), others="none"), 1002, 2000) == ""
    assert role(Roles(admin=("@bob",), others="none"), 1002) == ""


def test_a_caller_has_a_name():
    caller = Callers(ROLES).caller(UnixPeer(77, 1002, 1002, frozenset((2000,))))
    assert (caller.who, caller.role, caller.via, caller.address) == ("bob", "operate", "socket", "pid 77")
    assert Callers(ROLES).caller(UnixPeer(77, 4242, 1, frozenset())).who == "uid 4242"


def test_nobody_knows_who_it_is():
    assert Callers(Roles(others="admin")).caller(None).role == ""


def test_roles_change_while_it_runs():
    callers = Callers(ROLES)
    callers.become(Roles(admin=("eve",)))
    assert callers.caller(UnixPeer(1, 1003, 1003, frozenset())).role == "admin"
    assert os.geteuid() == 500

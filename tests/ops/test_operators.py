"""Commands about operators: what is one's own at the console, what takes the role admin, what is shown once."""

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.operators import BEGUN, AuditEntry, Caller, Operator
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.sessions import Session
from smsgwd.ops.operators import Operators
from smsgwd.ops.registry import CommandError, NotPermittedError, Registry

ROOT = Caller("root", "admin", "socket")
ALICE = Caller("alice", "read", "console", "192.0.2.1")
BOSS = Caller("boss", "admin", "console", "192.0.2.2")
#: A user of the machine of that name is no operator.
NAMESAKE = Caller("alice", "operate", "socket")
SESSION = Session("operators", "", "alice", "f", "c", 1_780_000_000_000, 1_780_000_060_000, "192.0.2.1", "Firefox")


class Desk:
    def __init__(self):
        self.done = []
        self.there = {name: Operator(name, role, "a hash") for name, role in (("alice", "read"), ("boss", "admin"))}

    def find(self, name):
        return succeed(self.there.get(name))

    def everybody(self):
        return succeed(list(self.there.values()))

    def add(self, name, role, secret):
        if name in self.there:
            return fail(Refused(Refusal.EXISTS, f"there is an operator {name} already"))
        return self.did("add", name, role, secret)

    def change(self, name, *, role="", disabled=None):
        return self.did("change", name, role, disabled)

    def password(self, name, secret):
        return self.did("password", name, secret)

    def begin_codes(self, name):
        self.done.append(("begin_codes", name))
        return succeed(("SECRET", "otpauth://totp/alice?secret=SECRET"))

    def confirm_codes(self, name, code):
        return self.did("confirm_codes", name, code)

    def no_codes(self, name):
        return self.did("no_codes", name)

    def remove(self, name):
        self.done.append(("remove", name))
        return succeed(None)

    def did(self, *what):
        self.done.append(what)
        return succeed(Operator(what[1], "read", "a hash", changed_at=1_780_000_000_000))


class Sessions:
    def __init__(self, done):
        self.done = done

    def of(self, *person):
        return succeed([("0123456789ab", SESSION)])

    def end_all(self, face, tenant, who, session=""):
        self.done.append(("end", who, session))
        return succeed(2)


class Logins:
    def password(self, name, secret, address):
        if secret == "the old one":
            return succeed(name)
        if secret == "one guess too many":
            return fail(Refused(Refusal.TOO_MANY_FAILURES))
        return fail(Refused(Refusal.UNAUTHENTICATED, "Unknown credentials"))


class World:
    def __init__(self):
        self.desk = Desk()
        self.done = self.desk.done
        self.registry = Registry(Operators(self.desk, Sessions(self.done), Logins()).commands())

    def run(self, verb, caller=ROOT, **params):
        results = []
        self.registry.run("operator", verb, params, caller).addBoth(results.append)
        if hasattr(results[0], "raiseException"):
            results[0].raiseException()
        return results[0]


@pytest.fixture
def world():
    return World()


def test_a_password_that_is_made_is_shown_and_a_given_one_is_not(world):
    made = world.run("add", name="bob", role="operate")
    assert len(made["secret"]) == 20
    assert world.done == [("add", "bob", "operate", made["secret"])]
    assert "secret" not in world.run("add", name="carl", secret="chosen by carl")
    assert world.done[-1] == ("add", "carl", "read", "chosen by carl")
    assert len(world.run("password", name="alice")["secret"]) == 20
    with pytest.raises(CommandError, match="an operator alice already"):
        world.run("add", name="alice")
    with pytest.raises(CommandError, match="role must be one of"):
        world.run("add", name="dora", role="king")


def test_roles_and_log_ins_are_set(world):
    world.run("set", name="alice", role="admin")
    world.run("set", name="alice", disabled="yes")
    world.run("set", name="alice", disabled="no")
    assert world.done == [
        ("change", "alice", "admin", None), ("change", "alice", "", True), ("change", "alice", "", False)
    ]  # fmt: skip
    with pytest.raises(CommandError, match="needs role or disabled"):
        world.run("set", name="alice")


def test_one_is_shown(world):
    assert world.run("show", ALICE, name="alice") == {
        "name": "alice", "role": "read", "disabled": False, "totp": "off", "created": None, "password_since": None,
    }  # fmt: skip
    with pytest.raises(CommandError, match="there is no operator nobody"):
        world.run("show", name="nobody")


def test_no_list_has_a_hash(world):
    shown = world.run("list")
    assert [(each["name"], each["role"], each["totp"]) for each in shown] == [
        ("alice", "read", "off"), ("boss", "admin", "off")
    ]  # fmt: skip
    assert "a hash" not in str(shown)


OWN = {
    "show": {},
    "password": {"secret": "another one", "old": "the old one"},
    "totp-begin": {"old": "the old one"},
    "totp-confirm": {"code": "123456"},
    "totp-off": {"old": "the old one"},
    "sessions": {},
    "logout": {},
}


@pytest.mark.parametrize("verb", OWN)
def test_ones_own_takes_no_role_and_anothers_takes_admin(world, verb):
    world.run(verb, ALICE, name="alice", **OWN[verb])
    done = list(world.done)
    for caller in (ALICE, NAMESAKE):
        name = "boss" if caller is ALICE else "alice"
        with pytest.raises(NotPermittedError, match="admin"):
            world.run(verb, caller, name=name, **OWN[verb])
    assert world.done == done
    given = {name: value for name, value in OWN[verb].items() if name != "old"}
    world.run(verb, BOSS, name="alice", **given)
    world.run(verb, ROOT, name="alice", **given)


@pytest.mark.parametrize("verb", ["password", "totp-begin", "totp-off"])
@pytest.mark.parametrize("caller", [ALICE, BOSS])
def test_ones_own_password_and_codes_take_the_password(world, verb, caller):
    given = {name: value for name, value in OWN[verb].items() if name != "old"}
    with pytest.raises(CommandError, match="old is needed"):
        world.run(verb, caller, name=caller.who, **given)
    with pytest.raises(CommandError, match="old is not the password"):
        world.run(verb, caller, name=caller.who, old="a guess", **given)
    with pytest.raises(CommandError, match="Too many failed"):
        world.run(verb, caller, name=caller.who, old="one guess too many", **given)
    assert world.done == []


@pytest.mark.parametrize("verb", ["list", "add", "set", "remove"])
def test_the_rest_takes_admin(world, verb):
    needed = {} if verb == "list" else {"name": "alice"}
    for caller in (ALICE, NAMESAKE):
        with pytest.raises(NotPermittedError):
            world.run(verb, caller, **needed)
    assert world.done == []


def test_sessions_are_listed_and_ended(world):
    [shown] = world.run("sessions", name="alice")
    assert shown["session"] == "0123456789ab"
    assert (shown["begun"], shown["address"]) == ("2026-05-28T20:26:40.000Z", "192.0.2.1")
    assert world.run("logout", name="alice", session="0123456789ab") == {"name": "alice", "ended": 2}
    with pytest.raises(CommandError, match="operator sessions"):
        world.run("logout", name="alice", session="")
    assert world.run("remove", name="alice") == {"removed": "alice", "sessions": 2}
    assert world.done == [("end", "alice", "0123456789ab"), ("remove", "alice"), ("end", "alice", "")]


def test_secrets_are_hidden_from_the_audit(world):
    hidden = {each.verb: each.hides for each in world.registry.commands()}
    assert hidden["add"] == ("secret",)
    assert hidden["password"] == ("secret", "old")
    assert hidden["totp-begin"] == hidden["totp-off"] == ("old",)
    assert hidden["totp-confirm"] == ("code",)
    assert all(each.look is not None for each in world.registry.commands() if each.hides)


class Audit:
    """A journal that remembers how each command ended."""

    def __init__(self):
        self.ended = []

    def begin(self, caller, command, params):
        name = f"{command.noun} {command.verb}"
        return succeed(AuditEntry(1, 0, caller.who, caller.role, caller.via, "", name, "{}", BEGUN))

    def end(self, entry, outcome):
        self.ended.append((entry.command, outcome))
        return succeed(None)


def test_who_is_refused_for_his_role_reads_nothing_of_others_in_the_audit():
    """The audit is for the role read; who may log in, and who has codes, for admin."""
    desk, audit = Desk(), Audit()
    registry = Registry(Operators(desk, Sessions(desk.done), Logins()).commands(), audit)
    for verb, params in (("password", {}), ("totp-off", {}), ("totp-confirm", {"code": "123456"})):
        refused = registry.run("operator", verb, {"name": "boss", **params}, NAMESAKE)
        refused.addErrback(lambda failure: failure.trap(NotPermittedError))
        assert refused.called
    assert desk.done == [] and len(audit.ended) == 3
    for _, outcome in audit.ended:
        assert outcome.error and outcome.before is None and outcome.after is None

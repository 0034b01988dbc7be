"""The provider check: very many messages by every plugin at once, with faults: each ends once, none is sent twice but
where nobody can know.

Each plugin has a simulator of its own, which refuses, hangs up, answers 5xx, takes without answering, and loses or
doubles callbacks, in shares that add up to `faults` per cent. What must hold: every message has exactly one final state
and its tenant is told it once; a message was taken at most once more than its outcome was unknown; no simulator saw
more requests in a second than the provider allows.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.record import PushLine, each_push
from smsgwd.simulator.stand import TENANT, TOKEN, Process, StandError

_SIMULATE: Final = "from smsgwd.cli.simulate import simulate; simulate()"
_SMSGWD: Final = "from smsgwd.cli.main import main; main()"
_FINAL: Final = frozenset(("delivered", "undelivered", "expired", "rejected", "cancelled", "unknown"))
_ALIKE: Final = 100  # messages with one text: providers that take groups get them together
_BATCH: Final = 500
_LOOK_S: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderLoadOptions:
    """`messages` by each of `plugins` (names joined by ',', or 'all'). `validity` is that of the messages, in seconds:
    a state that was lost for good is waited for so long, and `after` seconds more."""

    messages: int = 5000
    plugins: str = "all"
    faults: float = 5.0
    validity: int = 240
    after: float = 5.0
    stalled: float = 240.0
    seed: int = 42


@dataclass(frozen=True)
class Supplied:
    """One plugin and its simulator: `options(url)` of a connector; `most` requests a second that its page allows."""

    name: str
    simulator: str
    options: Callable[[str], dict[str, Any]]
    most: int = 0
    group: int = 1  #: small, so that there are requests enough for faults
    set_up: bool = False  #: its callback address is set up at the provider


def _generic(url: str) -> dict[str, Any]:
    """A provider that takes a form and answers JSON, told by YAML alone."""
    states = {"delivered": "delivered", "undelivered": "undelivered", "failed": "undelivered"}
    form = {"To": "{to_plus}", "From": "{from_plus}", "Body": "{text}", "StatusCallback": "{callback_url}"}
    return {
        "base_url": f"{url}/2010-04-01/Accounts/user",
        "auth": {"basic": {"username": "user", "password": "token"}},
        "send": {"url": "/Messages.json", "body": {"form": form}},
        "answer": {"foreign_id": {"json": "$.sid"}, "code": {"json": "$.code"}},
        "callback": {
            "report": {"foreign_id": {"field": "MessageSid"}, "state": {"field": "MessageStatus"}, "states": states}
        },
        "poll": {
            "request": {"url": "/Messages/{foreign_id}.json"},
            "report": {"state": {"json": "$.status"}, "states": states},
        },
    }


SUPPLIED: Final = {
    each.name: each
    for each in (
        Supplied(
            "isms",
            "isms",
            lambda url: {"base_url": f"{url}/api/http", "username": "user", "password": "password"},
            group=10,
        ),
        Supplied("smsclub", "smsclub", lambda url: {"base_url": url, "token": "token"}, most=9, group=100),
        Supplied(
            "smspresto",
            "smspresto",
            lambda url: {"base_url": f"{url}/console/api/", "api_key": "user", "api_pass": "password"},
            group=10,
        ),
        Supplied(
            "smsadvert",
            "smsadvert",
            lambda url: {"url": f"{url}/api/sms/", "token": "token", "send_as_short": True},
        ),
        Supplied(
            "ardary",
            "ardary",
            lambda url: {"base_url": f"{url}/api/", "login": "user", "access_key": "token"},
            group=10,
            set_up=True,
        ),
        Supplied("generic_http", "twilio", _generic),
    )
}


class _Stand:
    """The simulators, a catcher of pushes, and the gateway between."""

    def __init__(self, suppliers: list[Supplied], options: ProviderLoadOptions, directory: Path) -> None:
        self.suppliers = suppliers
        self._options = options
        self._directory = directory
        share = options.faults / 5
        flags = ["--error-pct", "--timeout-pct", "--5xx-pct", "--drop-pct", "--lose-callbacks-pct"]
        faults = [text for flag in flags for text in (flag, str(share))] + [
            "--double-callbacks-pct",
            str(options.faults),
        ]
        self.simulators = {
            each.name: self._simulate(each.name, "provider", each.simulator, "--seed", str(options.seed), *faults)
            for each in suppliers
        }
        self.record = directory / "pushes.jsonl"
        self._catcher = self._simulate("catcher", "webhook", "--record", str(self.record))
        self.http, self.ops = free_ports(2)
        self._gateway: Process | None = None

    def _simulate(self, name: str, *words: str) -> Process:
        command = [sys.executable, "-c", _SIMULATE, *words, "--port", "0"]
        made = Process(name, command, self._directory)
        made.start()
        return made

    def start(self) -> None:
        """Start the gateway, and tell providers its addresses. Raises StandError."""
        path = self._write_config()
        self._gateway = Process("gateway", [sys.executable, "-c", _SMSGWD, "run", "-c", str(path)], self._directory)
        self._gateway.start()
        end = time.monotonic() + 60
        while not self._running():
            self._gateway.check()
            if time.monotonic() > end:
                raise StandError("not every plugin runs within 60 s")
            time.sleep(0.1)
        for each in self.suppliers:
            if each.set_up:
                url = self.shown(each.name)["provider"]["callback_url"]
                ask(self.simulators[each.name].port(), "POST", "/_sim/set", {"callback_url": url})

    def shown(self, connector: str) -> Any:
        """`connector show`."""
        with AdminClient(self._directory / "admin.sock") as admin:
            return admin.run("connector", "show", id=connector)

    def stats(self, name: str) -> dict[str, Any]:
        """What a simulator counted."""
        return dict(ask(self.simulators[name].port(), "GET", "/_sim/stats"))

    def stop(self) -> None:
        """End all that runs."""
        for each in (self._gateway, *self.simulators.values(), self._catcher):
            if each is not None:
                try:
                    each.stop(30)
                except StandError:
                    each.kill_if_running()

    def _running(self) -> bool:
        try:
            return all(self.shown(each.name)["provider"]["state"] == "running" for each in self.suppliers)
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False

    def _write_config(self) -> Path:
        options = self._options
        connectors = [
            {
                "id": each.name,
                "kind": "provider",
                "provider": each.name,
                "options": each.options(f"http://127.0.0.1:{self.simulators[each.name].port()}"),
                "group": each.group,
                "timers": {"answer_s": 3, "call_s": 60},
                "retry": {"waits_s": [1, 2, 4], "attempts": 100},
                "polling": {"first_s": 5, "longest_s": 20},
                "unknown_after_s": options.after,
                "balance_every_s": 0,
                "keep_order": False,
            }
            for each in self.suppliers
        ]
        routes = [
            {"match": {"to": f"{prefix(number)}*"}, "connectors": [each.name]}
            for number, each in enumerate(self.suppliers)
        ]
        config = {
            "node": "load1",
            "data_dir": "data",
            "public_url": f"http://127.0.0.1:{self.http}",
            "listeners": {
                "http": {"listen": f"127.0.0.1:{self.http}"},
                "ops": {"listen": f"127.0.0.1:{self.ops}"},
            },
            "admin": {"socket": "admin.sock"},
            "notify": {"allow_private_targets": True},
            "tenants_file": "tenants.yaml",
            "connectors": connectors,
            "routes": routes,
        }
        tenant = {
            "id": TENANT,
            "senders": ["*"],
            "dlr_url": f"http://127.0.0.1:{self._catcher.port()}/dlr",
            "credentials": [{"kind": "token", "secret": TOKEN}],
        }
        (self._directory / "tenants.yaml").write_text(yaml.safe_dump({"tenants": [tenant]}))
        path = self._directory / "gateway.yaml"
        path.write_text(yaml.safe_dump(config))
        return path


def prefix(number: int) -> str:
    """What numbers of the supplier of this place begin with."""
    return f"3069{number}"


def ask(port: int, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
    """One JSON request. Raises StandError for any other answer than 200 or 202."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {"Content-Type": "application/json", **(headers or {})},
        )
        answer = connection.getresponse()
        data = answer.read()
        if answer.status not in (200, 202):
            raise StandError(f"{method} {path} was answered {answer.status}: {data[:300]!r}")
        return json.loads(data)
    finally:
        connection.close()


def run_provider_load(options: ProviderLoadOptions, directory: Path) -> Verdict:
    """Send, wait for the ends, compare. Raises StandError."""
    names = list(SUPPLIED) if options.plugins == "all" else options.plugins.split(",")
    if unknown := [name for name in names if name not in SUPPLIED]:
        raise ValueError(f"no plugin '{unknown[0]}'; there are: {', '.join(SUPPLIED)}")
    stand = _Stand([SUPPLIED[name] for name in names], options, directory)
    try:
        stand.start()
        ids = _submit(stand, options)
        _wait(stand, ids, options)
        return _judge(stand, ids, options)
    finally:
        stand.stop()


def _submit(stand: _Stand, options: ProviderLoadOptions) -> dict[str, str]:
    """All messages, those of the suppliers in turn; the supplier of each id."""
    ids: dict[str, str] = {}
    auth = {"Authorization": f"Bearer {TOKEN}"}
    for begin in range(0, options.messages, _BATCH):
        for number, each in enumerate(stand.suppliers):
            batch = [
                {
                    "from": "Load",
                    "to": f"{prefix(number)}{place:07d}",
                    "text": f"Message {place // _ALIKE} of many",
                    "validity_s": options.validity,
                }
                for place in range(begin, min(begin + _BATCH, options.messages))
            ]
            answer = ask(stand.http, "POST", "/v1/messages/batch", {"messages": batch}, auth)
            ids |= {entry["id"]: each.name for entry in answer["messages"]}
        _say(f"{len(ids)} accepted")
    return ids


def _wait(stand: _Stand, ids: Mapping[str, str], options: ProviderLoadOptions) -> None:
    """Until every message's end was told, or nothing is told any more. Raises StandError."""
    told, since = -1, time.monotonic()
    while True:
        ended = {line.id for line in _pushes(stand)}
        if len(ended) >= len(ids):
            return
        if len(ended) != told:
            told, since = len(ended), time.monotonic()
        elif time.monotonic() - since > options.stalled + options.validity:
            return
        left = Counter(name for message, name in ids.items() if message not in ended)
        _say(f"{len(ended)} of {len(ids)} ended; left: " + ", ".join(f"{name} {left[name]}" for name in sorted(left)))
        time.sleep(_LOOK_S)


def _pushes(stand: _Stand) -> Iterator[PushLine]:
    return (line for line in each_push(stand.record) if line.state in _FINAL) if stand.record.exists() else iter(())


def _judge(stand: _Stand, ids: Mapping[str, str], options: ProviderLoadOptions) -> Verdict:
    facts: dict[str, Any] = {"messages each": options.messages, "faults %": options.faults}
    ends: dict[str, set[str]] = {}
    for line in _pushes(stand):
        ends.setdefault(line.id, set()).add(line.state)
    failures = {
        "messages without an end": sum(message not in ends for message in ids),
        "messages with two ends": sum(len(states) > 1 for states in ends.values()),
        "ends of nobody's message": len(ends.keys() - ids.keys()),
    }
    for each in stand.suppliers:
        own = Counter(
            next(iter(ends[message])) for message, name in ids.items() if name == each.name and message in ends
        )
        stats, shown = stand.stats(each.name), stand.shown(each.name)
        facts[each.name] = ", ".join(f"{state} {count}" for state, count in own.most_common())
        facts[f"{each.name} simulator"] = (
            f"{stats['requests']} requests, most {stats['most_in_a_second']}/s, {stats['taken_twice']} taken twice,"
            f" {stats['callbacks']} callbacks; outcomes unknown: {shown['unknown']}"
        )
        failures[f"{each.name}: taken twice, and knowable"] = max(0, stats["taken_twice"] - shown["unknown"])
        if each.most:
            failures[f"{each.name}: over its limit"] = max(0, stats["most_in_a_second"] - each.most)
    return Verdict(facts, failures)


def _say(text: str) -> None:
    sys.stderr.write(f"\r\033[K{text}" if sys.stderr.isatty() else f"{text}\n")
    sys.stderr.flush()

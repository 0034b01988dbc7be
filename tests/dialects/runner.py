"""Carries a case of a conformance table out against the stand."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec
from lxml import etree

from tests.dialects.conformance import (
    Answer,
    Callback,
    Case,
    Pairs,
    SentLine,
    StateLine,
    Step,
    differs,
    filled,
    given,
    octets,
    several,
)
from tests.dialects.sent import Sent, sent
from tests.dialects.stand import PROBED, Caught, Stand
from tests.scenario.client import wait

_PATIENCE_S = 15.0


class Got(NamedTuple):
    """An answer as it came."""

    status: int
    headers: dict[str, str]  #: names in lower case
    body: bytes
    seconds: float  #: from the first byte sent to the last one read

    @property
    def text(self) -> str:
        """The body as its Content-Type says, UTF-8 where that says nothing."""
        charset = re.search(r"charset=\"?([\w-]+)", self.headers.get("content-type", ""))
        return self.body.decode(charset[1] if charset else "utf-8")


class Runner:
    """One case. What patterns named in answers is in `known`, which the cases of a dialect share."""

    def __init__(self, stand: Stand, case: Case, dialect: str, known: dict[str, str]) -> None:
        self._stand = stand
        self._case = case
        self._dialect = dialect
        self._known = known
        stand.cases += 1
        self._place = f"/c{stand.cases}"
        self._caught = len(stand.catcher.caught)
        self._began = time.time()
        known["catcher"] = stand.catcher.url + self._place
        known["case"] = f"{stand.cases:06d}"
        known["url"] = ""

    def run(self) -> float:
        """Carry it out; AssertionError with what is wrong. Returns the longest time an answer took (s)."""
        steps = self._case.steps
        if not self._stand.settled and any(step.sent or step.nothing_sent for step in steps):
            self._stand.settle(steps[0].at)
        self._began = time.time()
        slowest = 0.0
        for number, step in enumerate(steps):
            try:
                slowest = max(slowest, self._step(step))
            except AssertionError as error:
                raise AssertionError(f"step {number}: {error}") from None
        return slowest

    # -- a step ----------------------------------------------------------------------------------------------------

    def _step(self, step: Step) -> float:
        gateway = self._stand.gateway(step.at)
        self._known["host"] = host = f"127.0.0.1:{gateway.http_port}"
        self._known["url"] = f"http://{host}"
        before = {line.to: self._newest(line, step.at) for line in several(step.state)}
        if not step.sent:
            self._stand.settled = False
        head, body = octets(step.request, host, self._known)

        def asked() -> tuple[Got, str]:
            for _ in range(step.request.times):
                got = ask(gateway.http_port, head, body)
            return got, self._fault(step.answer, got)

        got, fault = asked()
        end = time.monotonic() + _PATIENCE_S
        while step.until and fault and time.monotonic() < end:
            time.sleep(0.05)
            got, fault = asked()
        assert not fault, f"{fault}\n{got.status} {got.headers}\n{got.body[:2000]!r}"
        if step.sent:
            self._sent(step)
        if step.nothing_sent:
            self._nothing(step)
        for line in several(step.state):
            self._state(line, step.at, before[line.to])
        for callback in several(step.callback):
            self._callback(callback)
        return got.seconds

    def _fault(self, answer: Answer, got: Got) -> str:
        """How an answer differs from what it should be, or ''."""
        known = self._known
        if got.status != answer.status:
            return f"the status is {got.status}, not {answer.status}"
        kind = got.headers.get("content-type", "")
        if answer.type is not None and kind != answer.type:
            return f"the type is {kind!r}, not {answer.type!r}"
        for name, expected in filled(answer.headers, known).items():
            fault = differs(expected, got.headers.get(name.lower(), ""), known, f"header {name}")
            if fault:
                return fault
        if answer.hex is not None:
            return "" if got.body == bytes.fromhex(answer.hex) else f"the body is {got.body.hex()}"
        try:
            text = got.text
        except UnicodeDecodeError as error:
            return f"the body is not of the charset it names: {error}"
        if answer.body is not None:
            expected = filled(answer.body, known)
            return "" if text == expected else f"the body is {text!r}, not {expected!r}"
        if answer.match is not None:
            return differs("~" + filled(answer.match, known, pattern=True), text, known, "the body")
        if answer.xml is not None:
            return _differs_xml(filled(answer.xml, known), got.body, known)
        try:
            found = json.loads(text)
        except ValueError as error:
            return f"the body is no JSON: {error}"
        return differs(filled(answer.json, known), found, known)

    # -- what the SMSC got -----------------------------------------------------------------------------------------

    def _new(self) -> list[tuple[str, Sent]]:
        """What came since this case began, with by which way; probes are left out."""
        found = [
            (name, each)
            for name, record in self._stand.records.items()
            for each in sent(line for line in record.submits() if line.at >= self._began)
            if each.to != PROBED.lstrip("+")
        ]
        return sorted(found, key=lambda one: one[1].at)

    def _sent(self, step: Step) -> None:
        expected = [msgspec.convert(filled(msgspec.to_builtins(line), self._known), SentLine) for line in step.sent]
        numbers = {line.to.lstrip("+") for line in expected}

        def look() -> bool:
            found = [each for each in self._new() if each[1].to in numbers]
            return len(found) >= len(expected)

        with contextlib.suppress(AssertionError):
            wait("the SMSC has it", look, _PATIENCE_S, 0.01)
        found = [each for each in self._new() if each[1].to in numbers]
        assert len(found) == len(expected), f"the SMSC got {found}, not {len(expected)} messages"
        left = list(found)
        for line in expected:  # each in order of its number: messages to several go out in any
            match = next((each for each in left if each[1].to == line.to.lstrip("+")), None)
            assert match is not None, f"the SMSC got nothing more to {line.to}: {found}"
            left.remove(match)
            via, got = match
            for name in ("source", "text", "coding", "flash", "parts", "udh", "data_coding", "registered", "validity"):
                wanted = getattr(line, name)
                if wanted is not None:
                    fault = differs(wanted, getattr(got, name), self._known, name)
                    assert not fault, f"the SMSC got {got}: {fault}"
            assert line.via in (None, via), f"it went by {via}, not {line.via}"

    def _nothing(self, step: Step) -> None:
        self._stand.settle(step.at)
        found = self._new()
        assert not found, f"the SMSC got {found}"

    # -- what became of it -----------------------------------------------------------------------------------------

    def _listed(self, line: StateLine, at: str) -> Any:
        tenant = self._stand.native(line.tenant or self._dialect, at)
        answer = tenant.ask("GET", f"/v1/messages?limit=1&to=%2B{filled(line.to, self._known).lstrip('+')}")
        assert answer.status == 200, answer
        return next(iter(answer.body["messages"]), None)

    def _newest(self, line: StateLine, at: str) -> str:
        found = self._listed(line, at)
        return "" if found is None else str(found["id"])

    def _state(self, line: StateLine, at: str, before: str) -> None:
        last: list[Any] = []

        def look() -> Any:
            found = self._listed(line, at)
            last[:] = [found]
            return found is not None and found["id"] != before and found["state"] == line.is_

        with contextlib.suppress(AssertionError):
            wait("the state", look, _PATIENCE_S)
        assert look(), f"the newest message to {line.to} is {last[0]}, not {line.is_}"
        for name, expected in filled(line.fields, self._known).items():
            fault = differs(expected, last[0].get(name), self._known, name)
            assert not fault, f"the newest message to {line.to} is {last[0]}: {fault}"

    def _callback(self, callback: Callback) -> None:
        catcher = self._stand.catcher
        wanted = callback.path if callback.path.startswith("/ardary") else self._place + callback.path
        seen: list[tuple[str, Caught]] = []

        def look() -> bool:
            seen.clear()
            for caught in catcher.caught[self._caught :]:
                if caught.path == wanted:
                    trial = dict(self._known)
                    fault = _other(callback, caught, trial)
                    if not fault:
                        self._known.update(trial)
                        return True
                    seen.append((fault, caught))
            return False

        with contextlib.suppress(AssertionError):
            wait("the callback", look, _PATIENCE_S)
            return
        others = [caught.path for caught in catcher.caught[self._caught :] if caught.path != wanted]
        raise AssertionError(f"no such callback at {wanted}; there came {seen}, and at other paths {others}")


def _other(callback: Callback, caught: Caught, known: dict[str, str]) -> str:
    """How a callback differs from what it should be, or ''."""
    if caught.method != callback.method:
        return f"it is a {caught.method}"
    if callback.query is not None:
        fault = differs(filled(_told(callback.query), known), _told(caught.query), known, "query")
        if fault:
            return fault
    for name, expected in filled(callback.headers, known).items():
        fault = differs(expected, caught.headers.get(name.lower(), ""), known, f"header {name}")
        if fault:
            return fault
    try:
        text = caught.body.decode()
    except UnicodeDecodeError:
        return "its body is not UTF-8"
    if callback.form is not None:
        fields = parse_qsl(text, keep_blank_values=True)
        return differs(filled(_told(callback.form), known), _told(fields), known, "form")
    if callback.match is not None:
        return differs("~" + filled(callback.match, known, pattern=True), text, known, "its body")
    if given(callback, ("json",)):
        try:
            return differs(filled(callback.json, known), json.loads(text), known)
        except ValueError as error:
            return f"its body is no JSON: {error}"
    return ""


def _told(pairs: Pairs | list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Fields by name; a repeated one has a list."""
    if isinstance(pairs, dict):
        return pairs
    found: dict[str, str | list[str]] = {}
    for name, value in pairs:
        found[name] = [*several(found[name]), value] if name in found else value
    return found


def _differs_xml(expected: str, got: bytes, known: dict[str, str]) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        found = etree.fromstring(got, parser)
    except etree.XMLSyntaxError as error:
        return f"the body is no XML: {error}"
    return differs(_tree(etree.fromstring(expected.encode())), _tree(found), known)


def _tree(node: Any) -> Any:
    """An element as values that can be compared: name, attributes, text, children; blanks around texts do not count."""
    text = (node.text or "").strip()
    return [node.tag, dict(node.attrib), text, [_tree(each) for each in node if isinstance(each.tag, str)]]


def ask(port: int, head: bytes, body: bytes = b"") -> Got:
    """Send a request as it is and read its answer; whoever is answered before all is sent reads that answer."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head + body)
        response = http.client.HTTPResponse(connection, method=head.partition(b" ")[0].decode())
        response.begin()
        data = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Got(response.status, headers, data, time.monotonic() - began)

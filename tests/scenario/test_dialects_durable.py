"""Provider APIs answer a send when it is on disk, never before; with a full disk they say so and lose nothing."""

from __future__ import annotations

import base64
import contextlib
import http.client
import re
import resource
import select
import signal
import socket
from collections.abc import Mapping

from smsgwd.northbound.doorway import MOST_INSIDE
from tests.scenario.business import check_books
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene
from tests.scenario.providers import (
    PROVIDERS,
    Provider,
    Request,
    Told,
    callbacks,
    catching,
    count,
    gateway_for,
    native,
    numbers_of,
    provider_of,
    send,
)
from tests.scenario.shim import Fsync
from tests.scenario.stand_esme import check_sound
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

_SILENCE_S = 0.3
_MORE = MOST_INSIDE - sum(each.size for each in PROVIDERS.values()) - 1  #: and the number of iSMS's that is none
_ROOM_FOR_THE_LOG = 64 * 1024


def _begun(gateway: Gateway, request: Request) -> socket.socket:
    """A connection on which a request was written."""
    body = request.body or b""
    head = [f"{request.method} {request.path} HTTP/1.1", "Host: gateway", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in request.headers.items()]
    sock = socket.create_connection(("127.0.0.1", gateway.http_port), 20)
    sock.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return sock


def _answer(sock: socket.socket) -> tuple[int, str]:
    """Status and body, JSON without blanks; (0, '') where the connection was closed without an answer."""
    response = http.client.HTTPResponse(sock)
    try:
        response.begin()
    except (http.client.HTTPException, OSError):
        return 0, ""
    return response.status, response.read().decode()


def _fits(pattern: str, body: str) -> bool:
    return re.fullmatch(pattern, body, re.DOTALL) is not None


def test_no_answer_before_the_fsync_has_returned(scene: Scene) -> None:
    """While the fsync waits nobody is answered and nothing is sent. A stop meanwhile: what waits before the store is
    refused in each API's way at once, what is on its way into it is taken."""
    smsc, fsync = scene.smsc(), Fsync(scene.directory)
    with catching() as catcher, contextlib.ExitStack() as stack:
        gateway = gateway_for(scene, smsc, catcher, wrapper=fsync.wrapper)
        wait("the SMSC is bound", lambda: gateway.status()["connectors"][0]["up"])
        assert fsync.seen, "this Python's SQLite does not reach fsync through the library: the test cannot hold it"
        stack.callback(fsync.release)

        def begin(first: int) -> dict[str, socket.socket]:
            return {
                name: stack.enter_context(_begun(gateway, each.request(numbers_of(each, first), catcher.url, "held")))
                for name, each in PROVIDERS.items()
            }

        for name in PROVIDERS:  # its password is known from then on: whoever waits for one may be overtaken
            pair = base64.b64encode(f"{name}:secret-{name}".encode()).decode()
            request = Request("GET", "/v1/balance", None, {"Authorization": f"Basic {pair}"})
            with _begun(gateway, request) as sock:
                assert _answer(sock)[0] == 200, name
        fsync.hold()
        begun = begin(0)
        wait("an fsync is held", lambda: fsync.waiting)
        readable, _, _ = select.select([*begun.values()], [], [], _SILENCE_S)
        assert not readable, [sock.recv(1000) for sock in readable]
        assert smsc.stats()["submits"] == 0

        filled = [f"306964{number:06d}" for number in range(1000, 1000 + _MORE)]
        begun["filler"] = stack.enter_context(
            _begun(gateway, PROVIDERS["smsadvert"].request(filled, catcher.url, "held"))
        )
        late = begin(500)
        for _ in range(3):  # turns of its reactor
            native(gateway, "isms").balance()
        gateway.signal(signal.SIGTERM)
        for name, sock in late.items():
            answer = _answer(sock)
            assert _fits(PROVIDERS[name].ending, answer[1]), (name, answer)
        fsync.release()
        for name, sock in begun.items():
            answer = _answer(sock)
            assert _fits(PROVIDERS["smsadvert" if name == "filler" else name].taken, answer[1]), (name, answer)
        assert gateway.wait_end() == 0

        gateway.start()
        gateway.wait_ready()
        expected = {*filled, *(number for each in PROVIDERS.values() for number in numbers_of(each, 0))}
        smsc.wait_texts(len(expected))
        assert sorted(text.dest.lstrip("+") for text in smsc.texts()) == sorted(expected)
        for name, each in PROVIDERS.items():
            assert count(gateway, name, "get-send") == each.size + (_MORE if name == "smsadvert" else 0)


def test_full_disk(scene: Scene) -> None:
    """Each says that it cannot take anything now; what it took before is delivered, and nothing else."""
    smsc = scene.smsc("--receipt-delay-ms", "300", "--receipt-retry-ms", "200")
    with catching() as catcher:
        gateway = gateway_for(scene, smsc, catcher)
        before = [send(each, gateway.http_port, catcher.url, 0) for each in PROVIDERS.values()]
        assert all(each.taken for each in before), before
        taken = {number for each in before for number in each.numbers}
        smsc.wait_texts(len(taken))

        _allow_files_of(gateway, _ROOM_FOR_THE_LOG)
        first = dict.fromkeys(PROVIDERS, 0)

        def refused(provider: Provider) -> Told | None:
            first[provider.name] += provider.size
            found = send(provider, gateway.http_port, catcher.url, first[provider.name])
            if not found.taken:
                return found
            taken.update(found.numbers)
            return None

        wait("a submission is refused", lambda: refused(PROVIDERS["smsadvert"]))
        for provider in PROVIDERS.values():
            found = refused(provider)
            assert found is not None, f"{provider.name} took what cannot be kept"
            assert _fits(provider.unavailable, found.body), (provider.name, found)
        assert gateway.running

        _allow_files_of(gateway, resource.RLIM_INFINITY)
        wait("the store has recovered", lambda: gateway.status()["store"]["healthy"])
        after = [send(each, gateway.http_port, catcher.url, 900_000) for each in PROVIDERS.values()]
        assert all(each.taken for each in after), after
        taken |= {number for each in after for number in each.numbers}
        wait("all is told", lambda: _told(callbacks(catcher), taken))
        assert {text.dest.lstrip("+") for text in smsc.texts()} == taken
        assert callbacks(catcher).keys() == taken
        check_books(gateway)
        check_sound(gateway)


def _told(found: Mapping[str, list[tuple[str, str]]], numbers: set[str]) -> bool:
    """True once everybody was told all it is owed of these."""
    return all(provider_of(each).stages <= {stage for stage, _ in found.get(each, [])} for each in numbers)


def _allow_files_of(gateway: Gateway, octets: int) -> None:
    """The largest file the process may write (RLIMIT_FSIZE), from now on; beyond it writes fail."""
    resource.prlimit(gateway.pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))

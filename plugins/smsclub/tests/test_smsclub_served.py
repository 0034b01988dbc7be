"""Against a gateway of our own that serves the API of SMS Club: the same messages and states at both ends."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from smsgwd_smsclub import plugin

from smsgwd.model.message import State
from smsgwd.providers import Accepted, Permanent, Reply, Request, Sent, Stop
from smsgwd.providers.testing import TestHost, group, outbound, provider, run
from tests.scenario.client import wait
from tests.scenario.harness import scene_in
from tests.scenario.providers import catching, gateway_for


def asked(request: Request) -> Reply:
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(request.method, parts.path, request.body or None, headers=dict(request.headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.mark.scenario
def test_messages_go_through_once(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene, catching() as catcher:
        smsc = scene.smsc()
        gateway = gateway_for(scene, smsc, catcher)
        options = {"base_url": f"http://127.0.0.1:{gateway.http_port}", "token": "token-smsclub"}
        host = TestHost(asked, now_ms=int(time.time() * 1000))
        club = provider(plugin, host, options)
        messages = group(20, text="Добрий день & +%41=1", deadline_ms=host.now_ms() + 3_600_000)
        verdicts = run(club.send(messages))
        ids = [verdict.foreign_id for verdict in verdicts if isinstance(verdict, Accepted)]
        assert len(set(ids)) == 20 and all(ids)
        # Our own repetition, with others and without: nobody gets it twice.
        assert run(club.send([*messages[:3], outbound(21, text=messages[0].text)]))[:3] == [Accepted("")] * 3
        assert run(club.send(messages)) == [Accepted("")] * 20
        assert len(smsc.wait_texts(21)) == 21
        sent = [
            Sent(each.id, foreign_id, each.to, each.sender, each.text, host.now_ms(), 0)
            for each, foreign_id in zip(messages, ids, strict=True)
        ]
        wait("all are delivered", lambda: [each.state for each in run(club.states(sent))] == [State.DELIVERED] * 20)
        assert len(smsc.texts()) == 21
        balance = run(club.balance())
        assert balance.amount > 0 and balance.currency == "EUR"
        assert run(club.facts())["senders"]
        bad, good = run(club.send([outbound(30, to="12"), outbound(31)]))
        assert isinstance(bad, Permanent) and bad.scope == "message"
        assert isinstance(good, Accepted) and good.foreign_id
        (verdict,) = run(club.send([outbound(32, sender="much too long a sender")]))
        assert isinstance(verdict, Permanent) and (verdict.code, verdict.scope) == ("400", "connector")
        stranger = provider(plugin, host, {**options, "token": "wrong"})
        assert run(stranger.send(messages)) == [Stop("answered 401: is the token right?")] * 20

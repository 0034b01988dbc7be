"""Against a gateway of our own that serves the API of iSMS: the same messages, states and reports at both ends."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from smsgwd_isms import plugin

from smsgwd.model.message import State
from smsgwd.providers import Accepted, CallbackRequest, Contact, Permanent, Reply, Report, Request, Sent, Stop
from smsgwd.providers.testing import TestHost, group, outbound, provider, run
from tests.scenario.client import wait
from tests.scenario.harness import scene_in
from tests.scenario.providers import catching, gateway_for


def asked(request: Request) -> Reply:
    parts = urlsplit(request.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(
            request.method, f"{parts.path}?{parts.query}", request.body or None, headers=dict(request.headers)
        )
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.mark.scenario
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_messages_go_through_and_are_reported(tmp_path: Path, method: str) -> None:
    with scene_in(tmp_path) as scene, catching() as catcher:
        smsc = scene.smsc()
        gateway = gateway_for(scene, smsc, catcher)
        options = {
            "base_url": f"http://127.0.0.1:{gateway.http_port}/api/http",
            "username": "isms",
            "password": "secret-isms",
            "method": method,
        }
        host = TestHost(asked, callback_url=f"{catcher.url}/token", now_ms=int(time.time() * 1000))
        isms = provider(plugin, host, options)
        messages = group(20, text="Γεια & χαρά +%41=1", alphabet="ucs2")
        verdicts = run(isms.send(messages))
        ids = [verdict.foreign_id for verdict in verdicts if isinstance(verdict, Accepted)]
        assert len(set(ids)) == 20
        assert {text.text for text in smsc.wait_texts(20)} == {"Γεια & χαρά +%41=1"}
        sent = [
            Sent(each.id, foreign_id, each.to, each.sender, each.text, host.now_ms(), 0)
            for each, foreign_id in zip(messages, ids, strict=True)
        ]
        wait("all are delivered", lambda: {report.state for report in run(isms.states(sent))} == {State.DELIVERED})
        wait("all are reported", lambda: len(catcher.caught) >= 20)
        reports = [
            report
            for caught in list(catcher.caught)
            for report in run(isms.received(CallbackRequest(caught.method, tuple(caught.query)))).events
        ]
        assert all(isinstance(report, Report) and report.state is State.DELIVERED for report in reports)
        assert {report.foreign_id for report in reports if isinstance(report, Report)} == set(ids)
        assert run(isms.balance()).amount > 0
        assert run(isms.push_contacts([Contact("306912345678"), Contact("12")])) == ["", "Invalid mobile number"]
        long = outbound(30, sender="much too long a sender")
        assert run(isms.send([long])) == [Permanent("Invalid sender identity", scope="connector")]
        stranger = provider(plugin, host, {**options, "password": "wrong"})
        assert run(stranger.send(messages)) == [Stop("Authentication error")] * 20

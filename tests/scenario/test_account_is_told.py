"""An account's own programs are told what they need to know of it, each as far as its credential goes."""

from __future__ import annotations

from tests.scenario.business import create
from tests.scenario.client import Tenant
from tests.scenario.harness import Scene


def test_what_is_told_leads_there(scene: Scene) -> None:
    """The base URL answers, the money is right, and a credential with limits is told of nothing else."""
    gateway = scene.gateway(scene.smsc(), smpp={})
    limited = {"kind": "token", "secret": "clerk-token", "label": "clerk", "scopes": ["send"]}
    credentials = [{"kind": "token", "secret": "told-token", "label": "all"}, limited]
    whole = create(
        gateway, "told", credit="2.5", default_sender="Shop", time_zone="Europe/Kyiv", credentials=credentials
    )
    found = whole.ask("GET", "/v1/account").body
    assert (found["id"], found["balance"], found["time_zone"]) == ("told", "2.5000", "Europe/Kyiv")
    assert sorted(each["label"] for each in found["credentials"]) == ["all", "clerk"]  # in the order of digests
    assert found["http"][0]["api"] == "native"
    assert "told-token" not in str(found) and "clerk-token" not in str(found)
    clerk = Tenant(gateway.http_port, "clerk-token").ask("GET", "/v1/account").body
    assert (clerk["balance"], [each["label"] for each in clerk["credentials"]]) == (None, ["clerk"])

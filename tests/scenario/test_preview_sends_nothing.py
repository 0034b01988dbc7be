"""What would become of a message is what becomes of it; to ask sends, stores and costs nothing."""

from __future__ import annotations

import datetime

import pytest

from tests.scenario.business import change, check_books, create, funds, told
from tests.scenario.client import Answer, Tenant
from tests.scenario.harness import Gateway, Scene, Smsc

GREEK, BRITISH = "+306912345678", "+447700900123"


@pytest.fixture(scope="module")
def smsc(shared: Scene) -> Smsc:
    """The only way out."""
    return shared.smsc()


@pytest.fixture(scope="module")
def gateway(shared: Scene, smsc: Smsc) -> Gateway:
    """The gateway that is asked."""
    return shared.gateway(smsc)


def preview(tenant: Tenant, to: str | list[str] = GREEK, text: str = "Hello", **fields: object) -> Answer:
    """POST /v1/preview."""
    return tenant.ask("POST", "/v1/preview", {"from": "Shop", "to": to, "text": text, **fields})


def codes(answer: Answer) -> list[str | None]:
    """Why each recipient is refused."""
    return [entry["error"] and entry["error"]["code"] for entry in answer.body["messages"]]


def test_what_is_told_is_what_happens(gateway: Gateway, smsc: Smsc) -> None:
    """Refusals of all kinds, parts and price, in a preview and then in earnest; only the second is sent and paid."""
    tenant = create(gateway, "prev1", credit="0.10", price="0.04", senders=["Shop"], barred=["GB"])
    told(gateway, "optout", "add", tenant="prev1", number="306912345670")
    to = [GREEK, BRITISH, "+306912345670", "12", "+306912345671", "+306912345672"]
    before = funds(gateway, "prev1")
    asked = preview(tenant, to, "previewed")
    assert codes(asked) == [None, "destination_barred", "opted_out", "invalid_recipient", None, "no_credit"]
    assert (asked.body["price"], asked.body["available_after"]) == ("0.0800", "0.0200")
    assert [each["country"] for each in asked.body["messages"]][:4] == ["GR", "GB", "GR", None]
    assert funds(gateway, "prev1") == before
    assert tenant.ask("GET", "/v1/messages").body["messages"] == []
    assert "previewed" not in [text.text for text in smsc.texts()]
    sent = tenant.post(to, "in earnest")
    assert codes(sent) == codes(asked)
    shown = [(each["parts"], each["encoding"], each["price"]) for each in asked.body["messages"]]
    assert [(each["parts"], each["encoding"], each["price"]) for each in sent.body["messages"]] == shown
    other = tenant.ask("POST", "/v1/preview", {"from": "Other", "to": GREEK, "text": "Hello"})
    assert codes(other) == ["sender_not_allowed"]
    check_books(gateway)


def test_asking_again_is_no_duplicate_and_no_flood(gateway: Gateway) -> None:
    """A page asks with each key that is pressed: the guards count what is sent, nothing else."""
    flood = {"most": 3, "factor": 1.0, "action": "refuse"}
    tenant = create(gateway, "prev2", credit="1", price="0.01", duplicate_s=600, flood=flood)
    for _ in range(10):
        assert codes(preview(tenant)) == [None]
    assert codes(tenant.post(GREEK, "Hello")) == [None]
    assert codes(tenant.post(GREEK, "Hello")) == ["duplicate"]


def test_a_text_is_told_with_its_link_and_its_time(gateway: Gateway) -> None:
    """As it would go out: the short address in its place, held until the quiet hours are over."""
    tenant = create(gateway, "prev3", credit="1", price="0.01")
    made = gateway.metric("smsgwd_links_made_total")
    linked = preview(tenant, GREEK, "See [Link]", link="https://example.net/offer").body
    assert linked["text"]["text"].startswith("See http") and "[Link]" not in linked["text"]["text"]
    assert gateway.metric("smsgwd_links_made_total") == made
    assert tenant.ask("GET", "/v1/links").body["links"] == []
    now = datetime.datetime.now(datetime.UTC)
    begin, end = (now + datetime.timedelta(hours=hours) for hours in (-1, 2))
    change(gateway, "prev3", quiet={"hours": f"{begin:%H:%M}-{end:%H:%M}", "time_zone": "UTC"})
    [held] = preview(tenant).body["messages"]
    assert (held["state"], held["schedule_at"] is not None) == ("scheduled", True)

"""docs/dialects/ardary.md beyond its curl lines: the callbacks it shows, its errors, its configuration."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml

from smsgwd.config.given import checked_tenant
from smsgwd.dialects import ardary_errors
from smsgwd.dialects.ardary import MOST_ENTRIES, Ardary
from smsgwd.dialects.ardary_events import event_callback, incoming_push
from smsgwd.dialects.dialect import Options
from smsgwd.model.callbacks import Callback
from smsgwd.model.refusals import Refusal
from smsgwd.model.tenant import Tenant
from smsgwd.timespec import parse_rfc3339, to_epoch_ms
from tests.notify.fakes import item

PAGE = (Path(__file__).parents[2] / "docs" / "dialects" / "ardary.md").read_text(encoding="utf-8")
URL = "https://shop.example/callback"
TENANT = Tenant("shop", time_zone="UTC")
NUMBER = "+306912345678"


def ms(written):
    return to_epoch_ms(parse_rfc3339(written))


def event(kind, **data):
    return Ardary(Options()).event(kind, json.dumps(data).encode(), event_callback(TENANT, kind), URL, 0)


def told():
    """What we write for what the page shows."""
    receipt = item(1, URL, dest=NUMBER, client_ref="YOUR_ID_SMS", done_at=ms("2019-08-09T12:50:54.211Z"))
    fields = {"user": "user@gmail.com", "parameter": "status"}
    return [
        Ardary(Options()).receipt(receipt, Callback("ardary", fields=fields)),
        incoming_push(URL, NUMBER, "Hello world !", ms("2020-01-21T10:01:38Z"), "UTC"),
        event(
            "link.clicked", link="https://www.my-link.com/", short="", code="", to="306912345678", message_id="1",
            client_ref="YOUR_ID_SMS", at="2019-07-08T15:07:03Z", first=True,
        ),
        event("call", direction="missed", **{"from": NUMBER}, at="2019-07-05T09:00:00Z"),
        event(
            "call.qualified", **{"from": NUMBER}, qualification="Hello world !", source="mobile",
            at="2020-01-21T10:01:38Z",
        ),
    ]  # fmt: skip


def test_the_callbacks_are_what_we_write():
    [block] = re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    written = [dict(parse_qsl(urlsplit(push.url).query, strict_parsing=True)) for push in told()]
    assert block.splitlines() == [f"{name}={value}" for push in written for name, value in push.items()]


def test_the_configuration_is_taken():
    [block] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    [tenant] = yaml.safe_load(block)["tenants"]
    del tenant["credentials"]
    declared = checked_tenant(tenant)
    assert declared.callbacks.style == "ardary" and not declared.dialects.ardary.failures
    [parameters] = re.findall(r"e\.g\. (\{.*?\})", block)
    tenant["dialects"]["ardary"]["parameters"] = yaml.safe_load(parameters)
    assert dict(checked_tenant(tenant).dialects.ardary.parameters) == {
        "status": "calls", "sms": "calls", "link": "calls",
    }  # fmt: skip


def test_every_error_is_there_and_no_other():
    ours = {value for name, value in vars(ardary_errors).items() if name.isupper() and isinstance(value, str)}
    assert {error for error in ours if error.startswith("#")} == set(re.findall(r"#[01][0-9]{2}", PAGE))
    assert f"{MOST_ENTRIES:,}" in PAGE


@pytest.mark.parametrize("refusal", Refusal)
def test_the_statuses_of_whole_requests(refusal):
    answer = ardary_errors.whole_of(refusal)
    [error] = json.loads(answer.body)["data"]["errors"]
    row = re.search(rf"^\| `{error}` \| ([^|]*) \|", PAGE.partition("whole request has this shape")[2], re.MULTILINE)
    if row is None:
        assert error in {*(f"#00{n}" for n in range(1, 10)), ardary_errors.RULE}, "an entry's"
    elif refusal not in (
        Refusal.DESTINATION_BARRED,
        Refusal.INVALID,
        Refusal.HEADERS_TOO_LARGE,
        Refusal.REQUEST_TIMEOUT,
    ):
        assert str(answer.status) in row[1]

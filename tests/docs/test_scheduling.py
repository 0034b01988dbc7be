"""The worked examples of docs/scheduling.md are what the gateway does."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from smsgwd.config.load import load_tenants
from smsgwd.northbound.requests import decode_send, item
from smsgwd.northbound.scheduled import RescheduleRequest
from smsgwd.timespec import PhraseError, due, parse
from tests.docs.tables import blocks, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scheduling.md"
ATHENS = ZoneInfo("Europe/Athens")


def _ms(local: str, zone: ZoneInfo = ATHENS) -> int:
    return int(datetime.fromisoformat(local).replace(tzinfo=zone).timestamp()) * 1000


NOW = _ms("2026-09-21 13:47:34")
PHRASES = table(PAGE, "phrase", "is sent")
NIGHTS = table(PAGE, "in Athens", "phrase", "is sent (UTC)")
ERRORS = table(PAGE, "phrase", "the error says")


@pytest.mark.parametrize(("phrase", "sent"), PHRASES)
def test_a_phrase_means_what_the_page_says(phrase: str, sent: str) -> None:
    assert due(phrase, NOW, ATHENS) == (NOW if sent == "now" else _ms(sent))


@pytest.mark.parametrize(("now", "phrase", "sent"), NIGHTS)
def test_nights_when_clocks_change(now: str, phrase: str, sent: str) -> None:
    assert due(phrase, _ms(now), ATHENS) == _ms(sent, ZoneInfo("UTC"))


@pytest.mark.parametrize(("phrase", "said"), ERRORS)
def test_errors_say_what_the_page_says(phrase: str, said: str) -> None:
    with pytest.raises(PhraseError, match=re.escape(said)):
        parse(phrase, NOW, ATHENS)


@pytest.mark.parametrize("body", [each for each in blocks(PAGE, "json") if '"text"' in each])
def test_bodies_of_messages_are_taken(body: str) -> None:
    made = item(decode_send(body.encode()), "+306912345678", ("Europe/Athens", lambda: NOW))
    assert made.schedule_at in (_ms("2026-12-24 18:00"), _ms("2026-12-24 10:00"))
    assert made.not_after == (_ms("2026-12-24 18:00") if "not_after" in json.loads(body) else None)


def test_bodies_of_another_time_are_taken() -> None:
    [body] = [each for each in blocks(PAGE, "json") if '"text"' not in each]
    wanted = msgspec.json.decode(body, type=RescheduleRequest)
    assert due(str(wanted.schedule_at), NOW, ATHENS) == _ms("2026-09-22 09:00")


def test_the_tenant_of_the_page_is_one(tmp_path: Path) -> None:
    [written] = blocks(PAGE, "yaml")
    (tmp_path / "tenants.yaml").write_text(written)
    [tenant] = load_tenants(tmp_path / "tenants.yaml", {})
    assert tenant.quiet is not None
    assert tenant.quiet.hours == (21 * 60, 8 * 60)

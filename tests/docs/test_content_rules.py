"""The worked examples of docs/content-rules.md are what the gateway does."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from smsgwd.admission.content import checked_pattern, compile_content
from smsgwd.admission.duplicates import RecentTexts
from smsgwd.admission.flood import FloodGuard
from smsgwd.admission.templates import checked_template
from smsgwd.config.load import load_tenants
from smsgwd.config.tenants import Tenant
from smsgwd.model.records import ContentRule
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import ContentPolicy, Flood
from tests.docs.tables import blocks, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "content-rules.md"
T0 = 1_790_000_000_000


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """The tenant of the page, from its file."""
    [written] = blocks(PAGE, "yaml")
    (tmp_path / "tenants.yaml").write_text(written)
    [read] = load_tenants(tmp_path / "tenants.yaml", {})
    return read


def _flood(tenant: Tenant) -> Flood:
    given = tenant.flood
    assert given is not None
    return Flood(given.prefix, given.window_s, given.most, given.factor, given.action)


def test_texts_with_the_tenant_of_the_page(tenant: Tenant) -> None:
    assert tenant.content is not None
    rules = compile_content((), ContentPolicy(tenant.content.max_length, tenant.content.banned), ())
    assert rules is not None
    for text, said in table(PAGE, "text", "with the tenant above"):
        if said == "passes":
            rules.check(text)
        else:
            with pytest.raises(Refused) as caught:
                rules.check(text)
            assert caught.value.detail == said


def test_patterns_that_the_page_refuses() -> None:
    for pattern, said in table(PAGE, "pattern", "is refused"):
        with pytest.raises(Refused) as caught:
            checked_pattern(pattern)
        assert said in caught.value.detail


def test_patterns_of_the_commands_can_be_used() -> None:
    put = [shlex.split(line) for line in "".join(blocks(PAGE, "sh")).splitlines() if "content put" in line]
    assert len(put) == 2
    rules = []
    for words in put:
        given = dict(word.split("=", 1) for word in words[3:])
        rules.append(ContentRule(given["name"], given["pattern"]))
    compiled = compile_content(rules, None, ())
    assert compiled is not None
    for text, name in (("two Roulettes", "gambling"), ("an easy  loan", "loans")):
        with pytest.raises(Refused, match=name):
            compiled.check(text)


def test_templates() -> None:
    for template, text, result in table(PAGE, "template", "text", ""):
        rules = compile_content((), ContentPolicy(templates_only=True), (checked_template(template),))
        assert rules is not None
        if result == "passes":
            rules.check(text)
        else:
            with pytest.raises(Refused):
                rules.check(text)


def test_duplicates(tenant: Tenant) -> None:
    recent = RecentTexts()
    for second, text, result in table(PAGE, "second", "text", ""):
        seen = recent.seen("shop", "306912345678", text.encode(), tenant.duplicate_s, T0 + int(second) * 1000)
        assert seen == (result == "duplicate")


def _minute(guard: FloodGuard, flood: Flood, begin: int) -> list[bool]:
    """Whether the nth of 600 messages within a minute is held."""
    return [guard.check("shop", flood, f"3069123{n:05}", begin + n * 100).hold for n in range(600)]


def test_a_run_to_a_range(tenant: Tenant) -> None:
    rows = table(PAGE, "messages to 3069123..... within a minute, nothing before", "")
    assert rows == [("1 to 100", "sent"), ("101 and on", "held")]
    held = _minute(FloodGuard(), _flood(tenant), T0)
    assert held == [False] * 100 + [True] * 500


def test_a_run_to_a_range_that_is_used(tenant: Tenant) -> None:
    rows = table(PAGE, "messages to 3069123..... within a minute", "")
    assert rows == [("1 to 140", "sent"), ("300 and on", "held")]
    guard, flood = FloodGuard(), _flood(tenant)
    for window in range(288):
        for n in range(90):
            assert not guard.check("shop", flood, "306912300000", T0 + window * 300_000 + n * 3000).hold
    held = _minute(guard, flood, T0 + 288 * 300_000)
    assert held[:140] == [False] * 140
    assert held[299:] == [True] * 301

"""Patterns and texts that stop other engines for hours: taken or refused, and nobody waits for them."""

from __future__ import annotations

import json

from tests.scenario.esme import Steady
from tests.scenario.harness import Scene, Tenant
from tests.scenario.stand_esme import bound, check_sound, credential, served
from tests.scenario.ways import done, refused
from tests.scenario.work import Work

EVIL = ("(a+)+$", "(a|aa)+$", "(.*a){12}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y", r"(\w+\s?)*!$")
TEXTS = ("a" * 1500 + "!", "x" * 1500, "a " * 750, "aA" * 700 + "\u20ac")


def test_catastrophic_patterns(scene: Scene) -> None:
    """RE2 takes them in linear time: the gateway's, a tenant's own; no text is much more work than a plain one."""
    picky: dict[str, object] = {
        "id": "picky",
        "content": {"banned": list(EVIL)},
        "credentials": [{"kind": "token", "secret": "picky-token"}],
    }
    only: dict[str, object] = {
        "id": "only",
        "content": {"templates_only": True},
        "credentials": [{"kind": "token", "secret": "only-token"}],
    }
    gateway = served(scene, credential("esme", throughput=0), tenants=[picky, only])
    picky_tenant, only_tenant = (Tenant(gateway.http_port, name) for name in ("picky-token", "only-token"))
    made = {"name": "evil", "text": "{a}x" * 100 + "{b}"}
    assert only_tenant.ask("POST", "/v1/templates", made).status == 201
    numbers = [f"+30690{n:07d}" for n in range(100)]
    work = Work(gateway, lambda: gateway.tenant.post(numbers, "Hello " * 250))
    with Steady(lambda: bound(gateway)):
        for place, pattern in enumerate(EVIL):
            done(gateway, "content", "put", name=f"evil{place}", pattern=f"{pattern}Q")
        for text in TEXTS:
            for tenant in (gateway.tenant, picky_tenant, only_tenant):
                with work.no_more_than(10.0, text[:9]):
                    answer = tenant.post(numbers, text)
                assert answer.status in (202, 422), answer
                if answer.status == 422:
                    assert answer.body["code"] in ("content_refused", "too_many_parts"), answer.body["code"]
        assert picky_tenant.post("+306900000001", "a" * 100).body["code"] == "content_refused"
        assert only_tenant.post("+306900000001", "x" * 100).status == 202
        assert only_tenant.post("+306900000001", "x" * 99).body["code"] == "content_refused"
    check_sound(gateway)


def test_patterns_that_are_too_much(scene: Scene) -> None:
    """Refused by name, from an operator and in a tenant's settings; what was in effect stays."""
    gateway = served(scene, credential("esme"))
    before = done(gateway, "content", "list")
    for pattern in (
        "",
        ".*",
        "a*",
        "(",
        "(?=a)",
        r"(a)\1",
        "a{1001}",
        "((a{100}){100}){100}",
        ".{0,900}.{0,900}x",
        "[" * 1000,
        "(" * 1000 + "a" + ")" * 1000,
        "a|" * 5000,
        r"\p{Nonsense}",
        "\ud800",
        "x" * 100_000,
    ):
        assert refused(gateway.command("content", "put", name="bad", pattern=pattern)), pattern[:30]
        settings = json.dumps({"content": {"banned": [pattern]}})
        assert refused(gateway.command("tenant", "set", id="shop", json=settings)), pattern[:30]
    assert done(gateway, "content", "list") == before
    assert gateway.tenant.post("+306900000001", "aaaa").status == 202
    check_sound(gateway)

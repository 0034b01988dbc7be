"""Cases: tenants, how they log in, their money, and the lists of whom they may not reach."""

from __future__ import annotations

from typing import Any

from tests.scenario.client import Tenant
from tests.scenario.verbs import Case, Group, Stage, has, row, rows


def _refused(stage: Stage, answer: Any) -> None:
    """A tenant that is disabled is let in no more."""
    assert Tenant(stage.gateway.http_port, "ivy-token").ask("GET", "/v1/balance").status in (401, 403)


def _let_in(stage: Stage, answer: Any) -> None:
    assert Tenant(stage.gateway.http_port, "ivy-token").ask("GET", "/v1/balance").status == 200


def _codes(stage: Stage) -> None:
    """A tenant begins to have codes asked for."""
    answer = Tenant(stage.gateway.http_port, "keys-token").ask("POST", "/v1/credentials/password/api/totp", {})
    assert answer.status == 200, answer


def _flooded(stage: Stage) -> None:
    """Twice as many to one range as are let through: the rest is held."""
    tenant = Tenant(stage.gateway.http_port, "pumped-token")
    answer = tenant.post([f"+3069777{n:05d}" for n in range(24)])
    assert answer.status == 202, answer


_FLOOD = (
    '{"id": "pumped", "credit": "10", "price": "0.01", "senders": ["*"], "credentials": [{"kind": "token",'
    ' "secret": "pumped-token"}], "flood": {"prefix": 7, "window_s": 600, "most": 10, "factor": 4, "action": "hold"}}'
)

GROUPS = [
    Group(
        "tenants",
        [
            Case("tenant", "create", "ivy credit=5 price=0.05 senders=*", has(tenant="ivy", created=True)),
            Case("tenant", "create", "ivy", "ivy", code=1),
            Case("tenant", "list", "", row(id="ivy", balance="5.0000", enabled=True)),
            Case("tenant", "show", "ivy", has(id="ivy", balance="5.0000", in_use=True)),
            Case("tenant", "set", "ivy throughput=20", has(throughput=20.0)),
            Case("tenant", "set", "ivy credit=7", "ledger topup", code=2),
            Case("credential", "add", "ivy token secret=ivy-token label=web", has(kind="token", label="web")),
            Case("tenant", "disable", "ivy", has(in_use=False), after=_refused),
            Case("tenant", "enable", "ivy", has(in_use=True), after=_let_in),
            Case("tenant", "webhook-secret", "ivy", has(webhook_secret=lambda text: text.startswith("whsec_"))),
        ],
    ),
    Group(
        "credentials",
        [
            Case("tenant", "create", "keys", has(created=True)),
            Case("credential", "add", "keys password api", has(name="api", secret=lambda text: len(text) > 10)),
            Case("credential", "add", "keys smpp", "needs the parameter name", code=1),
            Case("credential", "list", "keys", row(kind="password", name="api", live=True)),
            Case("credential", "rotate", "keys password api grace_s=60", has(secret=lambda text: len(text) > 10)),
            Case("credential", "list", "keys", rows(2)),
            Case("credential", "expire", "keys password api at=2030-01-01", row(expires="2030-01-01T00:00:00.000Z")),
            Case("credential", "totp-off", "keys api", "no code is asked for", code=1),
            Case("credential", "add", "keys token secret=keys-token", has(kind="token")),
            Case("credential", "totp-off", "keys api", has(name="api", totp="off"), before=_codes),
            Case("credential", "remove", "keys password api", lambda answer: len(answer) == 2),
            Case("credential", "list", "keys", rows(1)),
        ],
    ),
    Group(
        "ledger",
        [
            Case("tenant", "create", "payer credit=1 currency=EUR", has(created=True)),
            Case("ledger", "topup", "payer 10 reference=inv-1", has(amount="10.0000", balance="11.0000")),
            Case("ledger", "topup", "payer 10 reference=inv-1", "has the reference inv-1 already", code=1),
            Case("ledger", "correct", ["payer", "-0.50", "note=goodwill"], has(balance="10.5000", kind="correction")),
            Case("ledger", "statement", "payer kinds=topup", has(balance="10.5000", sums=row(kind="topup", entries=2))),
            Case("ledger", "export", "payer", lambda text: text.startswith("id,at,kind,") and "inv-1" in text),
            Case("ledger", "check", "", has(problems=[])),
        ],
    ),
    Group(
        "opt-outs",
        [
            Case("tenant", "create", "polite", has(created=True)),
            Case("optout", "add", "polite +306944400001", has(number="306944400001", changed=True)),
            Case("optout", "list", "polite", row(number="306944400001", by="operator")),
            Case("optout", "remove", ["polite", "+30 694 440 0001"], has(opted_out=False, changed=True)),
            Case("optout", "list", "polite", []),
            Case("optout", "list", "nobody", "there is no tenant nobody", code=1),
            Case("blacklist", "add", "+306944400002,+306944400003", has(numbers=2, changed=2)),
            Case("blacklist", "list", "after=306944400002", row(number="306944400003")),
            Case("blacklist", "remove", "+306944400002,+306944400003", has(numbers=2, blacklisted=False)),
        ],
    ),
    Group(
        "held",
        [
            Case("tenant", "create", [f"json={_FLOOD}"], has(tenant="pumped")),
            Case("held", "list", "pumped limit=100", rows(14), before=_flooded),
            Case(
                "held", "release", "306977700010 pumped", {"tenant": "pumped", "prefix": "306977700010", "released": 1}
            ),
            Case("held", "reject", "3069777 tenant=pumped", has(rejected=13)),
            Case("held", "list", "pumped", []),
            Case("held", "reject", "prefix=all tenant=nobody", "there is no tenant nobody", code=1),
        ],
    ),
]

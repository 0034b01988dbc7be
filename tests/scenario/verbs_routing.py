"""Cases: routes, prices, number plans, senders and rules for texts."""

from __future__ import annotations

from typing import Any

from tests.scenario.verbs import Case, Group, Stage, has, row

_PLAN = "prefix,country,mcc,mnc,operator\n30690,GR,202,10,Acme\n"


def _asked(stage: Stage) -> None:
    """The tenant asks for two senders."""
    for name in ("Acme", "Bad"):
        assert stage.gateway.tenant.ask("POST", "/v1/senders", {"name": name}).status == 201


def _refused(stage: Stage, answer: Any) -> None:
    """A text that matches is refused from now on."""
    assert stage.gateway.tenant.post("+306912345678", "Win a lottery ticket").status == 422


GROUPS = [
    Group(
        "routes",
        [
            Case(
                "route",
                "put",
                ["greece", "10", '{"match": {"to": ["30691*"]}, "connectors": ["smsc1"]}'],
                has(order=10),
            ),
            Case("route", "put", ["bad", "10", '{"connectors": ["nowhere"]}'], "nowhere", code=1),
            Case("route", "show", "greece", has(id="greece", route__connectors=["smsc1"])),
            Case("route", "list", "limit=1", row(place=1, route="greece", connectors=["smsc1"])),
            Case("route", "explain", "shop +306912345678", has(route="greece", connector="smsc1")),
            Case(
                "route", "explain", ["shop", "+447700900123", "from=Shop", "text=Hi"], has(connector="smsc1", parts=1)
            ),
            Case("route", "drop", "greece", {"id": "greece", "dropped": True}),
            Case("route", "drop", "greece", "there is no stored route greece", code=1),
            Case("route", "import", ["table", "20", "prefix,connectors\n30,smsc1\n44,smsc1\n"], has(prefixes=2)),
            Case("route", "import", ["table", "20", "rates.csv"], "csv=@FILE reads a file", code=1),
            Case("route", "drop", "table", has(dropped=True)),
        ],
    ),
    Group(
        "prices",
        [
            Case("price", "import", ["retail", "prefix,price\n30,0.04\n44,0.05\n", "currency=EUR"], has(name="retail")),
            Case("price", "list", "", row(name="retail", rates=2, in_effect=True)),
            Case(
                "price", "show", "retail prefix=30", lambda answer: "0.04" in str(answer) and "0.05" not in str(answer)
            ),
            Case("price", "export", "retail", lambda text: "30,0.04" in text),
            Case("price", "drop", "retail", lambda answer: "retail" in str(answer)),
            Case("price", "show", "retail", "there is no price list retail", code=1),
        ],
    ),
    Group(
        "plans",
        [
            Case("plan", "import", ["numbers", _PLAN], {"name": "numbers", "ranges": 1}),
            Case("plan", "list", "", row(name="numbers", ranges=1)),
            Case("plan", "export", "numbers", lambda text: "30690,GR,202,10,Acme" in text),
            Case("plan", "drop", "numbers", {"name": "numbers", "dropped": True}),
            Case("plan", "drop", "numbers", "there is no number plan numbers", code=1),
        ],
    ),
    Group(
        "senders",
        [
            Case("sender", "list", "shop status=requested", row(tenant="shop", name="Acme"), before=_asked),
            Case("sender", "show", "shop Acme", has(status="requested", details=lambda told: True)),
            Case("sender", "approve", "shop Acme", has(status="approved")),
            Case("sender", "refuse", ["shop", "Bad", "not yours"], has(status="refused", reason="not yours")),
            Case("sender", "approve", "shop Never", "did not ask for the sender Never", code=1),
            Case("senderrule", "put", "GB alphanumeric=substitute substitute=447700900000", has(where="GB")),
            Case("senderrule", "list", "", row(where="GB", alphanumeric="substitute")),
            Case("senderrule", "drop", "GB", {"where": "GB", "dropped": True}),
            Case("senderrule", "put", "Atlantis", "where: a country such as GB", code=1),
        ],
    ),
    Group(
        "content",
        [
            Case("content", "put", ["lottery", "lottery|jackpot"], has(tenants="all"), after=_refused),
            Case("content", "put", "broken pattern=(", "pattern", code=1),
            Case("content", "list", "", row(name="lottery", pattern="lottery|jackpot")),
            Case("content", "drop", "lottery", {"name": "lottery", "dropped": True}),
        ],
    ),
]

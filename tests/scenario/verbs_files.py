"""Cases: what is kept as files and comes back from them; detail records; the audit."""

from __future__ import annotations

from tests.scenario.verbs import Case, Group, Stage, has, row

_TENANTS = "tenants:\n- id: filed\n  currency: EUR\n  throughput: 7\n- {id: filed-below, parent: filed}\n"
_SENDERS = "tenant,name,status,reason\nshop,Filed,approved,\nshop,Unwanted,refused,not yours\n"


def _write(stage: Stage) -> None:
    (stage.directory / "filed.yaml").write_text(_TENANTS)
    (stage.directory / "filed.csv").write_text(_SENDERS)


GROUPS = [
    Group(
        "files",
        [
            Case(
                "tenant",
                "import",
                "yaml=@{directory}/filed.yaml --dry",
                has(created=["filed", "filed-below"], dry=True),
            ),
            Case("tenant", "import", "yaml=@{directory}/filed.yaml", has(created=["filed", "filed-below"])),
            Case("tenant", "export", "filed", lambda text: "throughput: 7" in text and "parent: filed" in text),
            Case("sender", "import", "csv=@{directory}/filed.csv", {"rows": 2, "made": 2, "changed": 0}),
            Case("sender", "import", "csv=@{directory}/filed.csv", {"rows": 2, "made": 0, "changed": 0}),
            Case("sender", "import", "csv=nonsense", "the first line must be tenant,name,status,reason", code=1),
            Case(
                "sender",
                "export",
                "shop",
                lambda text: text.endswith("shop,Filed,approved,\nshop,Unwanted,refused,not yours\n"),
            ),
            Case("route", "put", ["filed", "77", '{"match": {"to": "77*"}, "connectors": ["smsc1"]}'], has(id="filed")),
            Case("route", "export", "", lambda text: '"id":"filed","order":77,"route":' in text),
            Case("route", "drop", "filed", has(dropped=True)),
        ],
        prepare=_write,
    ),
    Group(
        "credit",
        [
            Case("tenant", "create", "creditor credit=5", has(created=True)),
            Case(
                "credit", "show", "creditor", has(balance="5.0000", reserved="0.0000", may_spend="5.0000", limit=None)
            ),
            Case("credit", "add", "creditor 7.50 reference=P-1", has(balance="12.5000")),
            Case("credit", "add", "creditor 7.50 reference=P-1", "has the reference P-1 already", code=1),
            Case("credit", "set", "creditor limit=3", has(may_spend="15.5000", limit="3.0000")),
            Case("credit", "set", "creditor limit=much", "no amount", code=1),
            Case("credit", "set", "creditor none", has(may_spend="12.5000", limit=None)),
            Case("credit", "show", "nobody", "there is no tenant nobody", code=1),
        ],
    ),
    Group(
        "audit",
        [
            Case("tenant", "create", "audited credit=5", has(created=True)),
            Case("tenant", "set", "audited throughput=3", has(throughput=3)),
            Case(
                "audit",
                "list",
                "noun=tenant limit=5",
                row(command="tenant set", outcome="done", **{"with": "id=audited throughput=3"}),
                keeps={"entry": lambda rows: str(rows[0]["id"])},
            ),
            Case("audit", "show", "{entry}", has(before={"throughput": 0}, after={"throughput": 3}, via="socket")),
            Case("audit", "show", "999999", "there is no entry 999999", code=1),
        ],
    ),
    Group(
        "cdr",
        [
            Case("cdr", "show", "", has(on=False)),
            Case("cdr", "rotate", "", "cdr.directory is not set", code=1),
        ],
    ),
]

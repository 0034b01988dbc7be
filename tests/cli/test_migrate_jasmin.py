"""`smsgwd migrate jasmin`: what comes out, what is told, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsgwd.cli.main import main
from smsgwd.cli.migrate_jasmin import convert
from smsgwd.cli.migrate_output import MigrateError
from smsgwd.config import load


def migrated(directory: Path, text: str) -> Result:
    path = directory / "jcli.txt"
    path.write_text(text)
    return CliRunner().invoke(main, ["migrate", "jasmin", str(path), "-o", str(directory / "out")])


def made(directory: Path, text: str) -> tuple[dict[str, Any], list[dict[str, Any]], str]:
    """The main file, the tenants, and what was told. The result passes `smsgwd check`."""
    result = migrated(directory, text)
    assert result.exit_code == 0, result.output
    out = directory / "out"
    load(out / "smsgwd.yaml", {})
    tenants = out / "tenants.yaml"
    main_file = yaml.safe_load((out / "smsgwd.yaml").read_text())
    return main_file, yaml.safe_load(tenants.read_text())["tenants"] if tenants.exists() else [], result.stderr


def add(manager: str, *lines: str) -> str:
    return "\n".join([f"{manager} -a", *lines, "ok", ""])


def smpp(cid: str, *lines: str) -> str:
    return add(
        "smppccm", f"cid {cid}", f"host {cid}.example", "username u", "password p", "submit_throughput 0", *lines
    )


def user(uid: str, *lines: str) -> str:
    return add("user", f"uid {uid}", "gid g", f"username {uid}", f"password pw-{uid}", *lines)


BASE = add("group", "gid g") + smpp("a") + smpp("b")


def test_a_connector_has_what_was_typed(tmp_path: Path) -> None:
    lines = (
        "port 3000", "bind transmitter", "systype VMA", "src_ton 5", "src_npi 0", "dst_ton 1", "dlr_msgid 2", "ssl yes",
        "elink_interval 20", "res_to 90", "bind_to 10", "con_loss_delay 15", "con_fail_delay 20", "proto_id 7",
        "validity 3600", "addr_range ^30",
    )  # fmt: skip
    main_file, _, told = made(tmp_path, smpp("one", *lines))
    assert main_file["connectors"] == [
        {
            "id": "one", "kind": "smpp", "host": "one.example", "port": 3000, "bind": "transmitter", "system_id": "u",
            "password": {"file": "secrets/one"}, "system_type": "VMA", "address_range": "^30", "tls": {},
            "source_ton": 5, "source_npi": 0, "protocol_id": 7, "message_id_format": "dec-hex",
            "timers": {"enquire_link_s": 20.0, "response_s": 90.0, "reconnect_min_s": 15.0, "reconnect_max_s": 60.0},
        }
    ]  # fmt: skip
    assert main_file["limits"] == {"default_validity_s": 3600}
    assert main_file["listeners"]["http"]["listen"] == ["0.0.0.0:1401", "0.0.0.0:8080"]
    assert "ssl" in told
    assert "dst_ton 1 is Jasmin's default" in told
    assert (tmp_path / "out" / "secrets" / "one").read_text() == "p"


def test_jasmins_own_rate_is_kept(tmp_path: Path) -> None:
    main_file, _, told = made(tmp_path, add("smppccm", "cid slow"))
    assert main_file["connectors"][0]["throughput"] == 1
    assert "Jasmin's default" in told


def test_a_user_is_a_tenant(tmp_path: Path) -> None:
    lines = (
        "mt_messaging_cred quota balance 44.2", "mt_messaging_cred quota sms_count none",
        "mt_messaging_cred quota smpps_throughput 2", "mt_messaging_cred valuefilter src_addr ^(Shop|Sale.*)$",
        r"mt_messaging_cred valuefilter dst_addr ^(30|357)\d+$", "mt_messaging_cred defaultvalue src_addr Shop",
        "mt_messaging_cred authorization http_send no", "smpps_cred quota max_bindings 3",
    )  # fmt: skip
    _, tenants, told = made(tmp_path, BASE + user("shop", *lines))
    assert tenants == [
        {
            "id": "shop",
            "credit": "44.2",
            "default_sender": "Shop",
            "senders": ["Shop", "Sale*"],
            "destinations": ["30", "357"],
            "credentials": [
                {
                    "kind": "password", "username": "shop", "secret": "pw-shop",
                    "scopes": ["read", "contacts", "templates", "senders", "lookups", "links", "money"],
                },
                {"kind": "smpp", "system_id": "shop", "secret": "pw-shop", "max_binds": 3, "throughput": 2.0},
            ],
        }
    ]  # fmt: skip
    assert told == ""


def test_what_is_not_limited_any_more_is_told(tmp_path: Path) -> None:
    lines = (
        "mt_messaging_cred valuefilter content ^[A-Z]*$", "mt_messaging_cred valuefilter priority ^[01]$",
        "mt_messaging_cred authorization hex_content no", "mt_messaging_cred authorization priority yes",
    )  # fmt: skip
    _, _, told = made(tmp_path, BASE + user("shop", *lines))
    assert [line.partition(": user shop: ")[2] for line in told.splitlines()] == [
        "valuefilter content: any text is taken: see the tenant's `content` (docs/content-rules.md)",
        "valuefilter priority: not converted: any value is taken",
        "authorization hex_content: not converted: who may log in may do this",
    ]


def test_what_a_user_may_not_is_not_widened(tmp_path: Path) -> None:
    """A rule that cannot be said closes, and is told."""
    text = BASE + user("a", "mt_messaging_cred valuefilter src_addr ^[^X]+$")
    text += user(
        "b", "mt_messaging_cred valuefilter dst_addr ^(?!44)", "mt_messaging_cred authorization src_addr False"
    )
    text += user("c", "smpps_cred authorization bind no") + user("d", "mt_messaging_cred quota sms_count 10")
    text += "user -d c\n"
    _, (a, b, c, d), told = made(tmp_path, text)
    assert a["senders"] == []
    assert (b["enabled"], b["senders"]) == (False, [])
    assert (c["enabled"], [it["kind"] for it in c["credentials"]]) == (False, ["password"])
    assert "enabled" not in d
    for what in ("valuefilter src_addr", "valuefilter dst_addr", "quota sms_count"):
        assert what in told


def test_routes_go_by_order_the_highest_first(tmp_path: Path) -> None:
    text = BASE + user("x") + user("y") + smpp("c")
    text += add("filter", "type UserFilter", "fid ux", "uid x") + add("filter", "type groupfilter", "fid gg", "gid g")
    text += add("filter", "type DestinationAddrFilter", "fid gr", "destination_addr ^30")
    text += add("filter", "type TransparentFilter", "fid t") + add(
        "filter", "type SourceAddrFilter", "fid s", "source_addr ^Shop$"
    )
    text += add("filter", "type TimeIntervalFilter", "fid day", "timeInterval 08:00:00;18:00:00")
    text += add("mtrouter", "type DefaultRoute", "connector smppc(a)", "rate 0.02")
    text += add(
        "mtrouter",
        "type RandomRoundrobinMTRoute",
        "order 5",
        "filters gr;t",
        "connectors smppc(b);smppc(c)",
        "rate 0.03",
    )
    text += add(
        "mtrouter", "type FailoverMTRoute", "order 30", "filters gr;ux", "connectors smppc(c);smppc(b)", "rate 0.05"
    )
    text += add("mtrouter", "type StaticMTRoute", "order 20", "filters gg;s", "connector smppc(b)", "rate 0")
    text += add("mtrouter", "type StaticMTRoute", "order 10", "filters day", "connector smppc(c)", "rate 0")
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["routes"] == [
        {"id": "order-30", "match": {"to": ["30*"], "tenant": "x"}, "connectors": ["c", "b"]},
        {"id": "order-20-x", "match": {"from": ["Shop"], "tenant": "x"}, "connectors": ["b"]},
        {"id": "order-20-y", "match": {"from": ["Shop"], "tenant": "y"}, "connectors": ["b"]},
        {"id": "order-10", "match": {"hours": {"time": "08:00-18:00"}}, "connectors": ["c"]},
        {"id": "order-5", "match": {"to": ["30*"]}, "connectors": ["b", "c"], "strategy": "round_robin"},
        {"id": "order-0", "connectors": ["a"]},
    ]
    x, y = tenants
    assert (x["prices"], x["price"]) == ({"30": "0.05"}, "0.02")
    assert (y["prices"], y["price"]) == ({"30": "0.03"}, "0.02")
    assert "time zone" in told


@pytest.mark.parametrize(
    ("filter_", "why"),
    [
        (["type EvalPyFilter", "pyCode x.py"], "do not ask what a evalpy filter asks"),
        (["type ShortMessageFilter", "short_message ^hello"], "do not ask what a shortmessage filter asks"),
        (
            ["type DateIntervalFilter", "dateInterval 2014-09-18;2014-09-28"],
            "do not ask what a dateinterval filter asks",
        ),
        (["type DestinationAddrFilter", "destination_addr ^(?!30)"], "no list of prefixes"),
        (["type UserFilter", "uid nobody"], "it is nobody's"),
    ],
)
def test_a_route_whose_filter_cannot_be_said_is_left_out(tmp_path: Path, filter_: list[str], why: str) -> None:
    """Without its filter it would take everything."""
    text = BASE + user("x") + add("filter", "fid f", *filter_)
    text += add("mtrouter", "type StaticMTRoute", "order 10", "filters f", "connector smppc(a)", "rate 0")
    main_file, _, told = made(tmp_path, text)
    assert "routes" not in main_file
    assert why in told


def test_mo_routes_lead_to_webhooks_and_accounts(tmp_path: Path) -> None:
    text = BASE + user("x") + add("httpccm", "cid h1", "url http://mo.example/in?k=1", "method GET")
    text += add("filter", "type ConnectorFilter", "fid fa", "cid a")
    text += add("filter", "type ShortMessageFilter", "fid hello", "short_message ^hello.*$")
    text += add("filter", "type DestinationAddrFilter", "fid sc", "destination_addr ^54001$")
    text += add("morouter", "type DefaultRoute", "connector http(h1)")
    text += add("morouter", "type StaticMORoute", "order 10", "filters fa;sc", "connector smpps(x)")
    text += add("morouter", "type RandomRoundrobinMORoute", "order 20", "filters hello", "connectors http(h1);smpps(x)")
    text += add("morouter", "type StaticMORoute", "order 30", "filters fa", "connector smpps(nobody)")
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["mo_routes"] == [
        {"match": {"keyword": ["hello"]}, "webhook": "mo-h1"},
        {"match": {"connector": "a", "to": ["54001"]}, "account": "x"},
        {"webhook": "mo-h1"},
    ]
    assert tenants[1] == {"id": "mo-h1", "webhook": {"url": "http://mo.example/in?k=1"}}
    for what in ("morouter 30: left out", "morouter 20: an MO route has one target", "signed JSON POST"):
        assert what in told


def test_a_terminals_screen_is_read(tmp_path: Path) -> None:
    text = """Username: jcliadmin
Welcome to Jasmin console
jcli : smppccm -a
Adding a new connector: (ok: save, ko: exit)
> cid Demo
> host 10.0.0.1
> ok
Successfully added connector [Demo]
jcli : smppccm -u Demo
Updating connector id [Demo]: (ok: save, ko: exit)
> host smpp.example
> submit_throughput 10
> ok
jcli : smppccm -a
> cid Never
> ko
jcli : smppccm -s Shown
port 2776
password hidden
username gw
systype
src_ton 2
cid Shown
logfile /var/log/jasmin/default-Shown.log
submit_throughput 5
jcli : user -s foo
username foo
mt_messaging_cred quota balance 10.5
mt_messaging_cred quota sms_count ND
mt_messaging_cred authorization dlr_level True
mt_messaging_cred valuefilter src_addr .*
uid foo
smpps_cred authorization bind True
gid g
jcli : smppccm -r Gone
jcli : persist
jcli : quit
"""
    main_file, tenants, told = made(tmp_path, text)
    assert [(it["id"], it["host"], it["throughput"]) for it in main_file["connectors"]] == [
        ("Demo", "smpp.example", 10),
        ("Shown", "127.0.0.1", 5),
    ]
    assert "source_ton" not in main_file["connectors"][1]
    assert tenants == [{"id": "foo", "credit": "10.5"}]
    assert "its password is not in this file" in told
    assert "hidden" not in told


def test_what_is_removed_and_flushed_is_gone(tmp_path: Path) -> None:
    text = BASE + user("x") + "user -r x\nsmppccm --remove b\n"
    text += add("mtrouter", "type StaticMTRoute", "order 9", "connector smppc(a)", "rate 0") + "mtrouter -f\n"
    text += add("mtrouter", "type DefaultRoute", "connector smppc(a)", "rate 0")
    main_file, tenants, _ = made(tmp_path, text)
    assert [it["id"] for it in main_file["connectors"]] == ["a"]
    assert main_file["routes"] == [{"id": "order-0", "connectors": ["a"]}]
    assert tenants == []


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "no jcli command"),
        ("<html>\n", 1, "no jcli command"),
        ("one two three\n", 1, "'one two three' is no jcli command"),
        ("group -a\ngid x\nok\nfrobnicate it\n", 4, "'frobnicate it' is no jcli command"),
        ("smppccm --fly\n", 1, "is no option of it"),
        ("smppccm -u\n", 1, "it is not said which"),
        ("> cid a\n", 1, "outside of any -a and -u"),
        ("smppccm -a\ncid a\nport many\nok\n", 3, "'many' is not a number"),
        ("smppccm -a\ncid a\nbind sideways\nok\n", 1, "is none of transceiver"),
        ("group -a\n\0\n", 2, "binary data"),
        (
            "user -a\nuid x\ngid g\nusername x\npassword p\nmt_messaging_cred quota balance lots\nok\n",
            6,
            "no amount of money",
        ),
    ],
)
def test_what_is_no_jcli_file_is_refused_by_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    result = migrated(tmp_path, text)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path / 'jcli.txt'}:{line}: ")
    assert what in result.stderr


def test_a_session_without_ok_is_told(tmp_path: Path) -> None:
    told = made(tmp_path, BASE + "smppccm -a\ncid c\nuser -l\n")[2]
    assert "there is no 'ok' after it" in told


_LINE = st.sampled_from(
    """smppccm -a|user -a|filter -a|mtrouter -a|morouter -a|httpccm -a|group -a|ok|ko|cid a|uid u|gid g|order 7|order x
type DefaultRoute|type UserFilter|filters f;g|fid f|rate 1
connector smppc(a)|connector http(a)|url http://h/|> ok|> cid b
jcli : user -s u|username u|mt_messaging_cred quota balance 1|mt_messaging_cred|smppccm -s a|mtrouter -f|user -r u
port 99999""".replace("\n", "|").split("|")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_LINE | st.text(max_size=12), max_size=25).map("\n".join))
def test_any_text_is_converted_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.txt"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        convert(path)
    except MigrateError as problem:
        assert str(problem).startswith(f"{path}:")

"""`smsgwd migrate kannel`: what comes out, what is told, and what is refused."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsgwd.cli.main import main
from smsgwd.cli.migrate_kannel import convert
from smsgwd.cli.migrate_kannel_read import MAX_BYTES
from smsgwd.cli.migrate_kannel_routes import Kind, make
from smsgwd.cli.migrate_kannel_smsc import Smsc
from smsgwd.cli.migrate_output import MigrateError
from smsgwd.config import load

SMSC = """group = smsc
smsc = smpp
smsc-id = {id}
host = {id}.example
port = 2775
transceiver-mode = 1
smsc-username = u
smsc-password = p
"""
USER = "group = sendsms-user\nusername = {id}\npassword = secret-{id}\n"


def migrated(directory: Path, text: str, *words: str) -> Result:
    path = directory / "kannel.conf"
    path.write_text(text)
    return CliRunner().invoke(main, ["migrate", "kannel", str(path), "-o", str(directory / "out"), *words])


def made(directory: Path, text: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    """The two files as YAML sees them, and what was told. The result passes `smsgwd check`."""
    result = migrated(directory, text)
    assert result.exit_code == 0, result.output
    out = directory / "out"
    load(out / "smsgwd.yaml", {})
    tenants = out / "tenants.yaml"
    main_file = yaml.safe_load((out / "smsgwd.yaml").read_text())
    return main_file, yaml.safe_load(tenants.read_text()) if tenants.exists() else {}, result.stderr


def smsc(name: str, *lines: str) -> str:
    return SMSC.format(id=name) + "".join(f"{line}\n" for line in lines) + "\n"


def user(name: str, *lines: str) -> str:
    return USER.format(id=name) + "".join(f"{line}\n" for line in lines) + "\n"


def connector(directory: Path, *lines: str) -> dict[str, Any]:
    return made(directory, smsc("a", *lines))[0]["connectors"][0]


def test_a_connector_has_what_the_group_says(tmp_path: Path) -> None:
    lines = (
        'system-type = "VMA"', "throughput = 12.5", "max-pending-submits = 30", "msg-id-type = 0x02", "use-ssl = yes",
        "alt-charset = ISO-8859-1", "source-addr-ton = 5", "source-addr-npi = 0", "dest-addr-ton = 1",
        "source-addr-autodetect = no", "enquire-link-interval = 20", "wait-ack = 90", "wait-ack-expire = 0x02",
        "reconnect-delay = 15",
        "interface-version = 33", "address-range = ^30", "service-type = CMT", "validityperiod = 60",
    )  # fmt: skip
    main_file, _, told = made(tmp_path, smsc("a", *lines))
    assert main_file["connectors"] == [
        {
            "id": "a", "kind": "smpp", "host": "a.example", "port": 2775, "bind": "transceiver", "system_id": "u",
            "password": {"file": "secrets/a"}, "system_type": "VMA", "tls": {}, "throughput": 12.5, "window": 30,
            "source_ton": 5, "source_npi": 0, "dest_ton": 1, "message_id_format": "dec-hex",
            "timers": {"enquire_link_s": 20, "response_s": 90, "reconnect_min_s": 15, "reconnect_max_s": 60},
            "unknown_outcome": "wait", "default_alphabet": "latin1", "interface_version": "3.3",
            "address_range": "^30", "service_type": "CMT",
        }
    ]  # fmt: skip
    assert main_file["limits"] == {"default_validity_s": 3600}
    assert told.count("\n") == 1
    assert "use-ssl" in told
    assert (tmp_path / "out" / "secrets" / "a").read_text() == "p"


def test_a_ton_that_kannel_sends_with_plain_digits_alone_is_not_for_all(tmp_path: Path) -> None:
    """Carriers refuse names with the TON of numbers; Kannel finds out what is a name, unless it is told not to."""
    main_file, _, told = made(tmp_path, smsc("a", "source-addr-ton = 1", "source-addr-npi = 1"))
    assert "source_ton" not in main_file["connectors"][0]
    assert "source_npi" not in main_file["connectors"][0]
    assert "kannel.conf:9: source-addr-ton, source-addr-npi: Kannel marks names" in told


@pytest.mark.parametrize(
    ("lines", "binds"),
    [
        (["port = 1", "transceiver-mode = yes"], [("transceiver", 1)]),
        (["port = 1", "receive-port = 1"], [("tx_rx", 1)]),
        (["port = 1", "receive-port = 2"], [("transmitter", 1), ("receiver", 2)]),
        (["port = 1"], [("transmitter", 1)]),
        (["receive-port = 2"], [("receiver", 2)]),
    ],
)
def test_binds_are_those_of_the_ports(tmp_path: Path, lines: list[str], binds: list[tuple[str, int]]) -> None:
    text = "group = smsc\nsmsc = smpp\nsmsc-id = a\nhost = h\nsmsc-username = u\nsmsc-password = p\n" + "\n".join(lines)
    main_file, _, _ = made(tmp_path, text + "\n")
    assert [(it["bind"], it["port"]) for it in main_file["connectors"]] == binds
    if len(binds) == 2:
        assert {it["account_group"] for it in main_file["connectors"]} == {"a"}
        assert main_file["routes"] == [{"connectors": ["a"]}]
    if binds == [("receiver", 2)]:
        assert "routes" not in main_file


def test_groups_that_say_the_same_are_binds_of_one_connector(tmp_path: Path) -> None:
    text = (
        smsc("a", "throughput = 5", "log-file = one")
        + smsc("a", "throughput = 5", "log-file = two")
        + smsc("a", "window = 3")
    )
    main_file, _, told = made(tmp_path, text)
    first, second = main_file["connectors"]
    assert (first["id"], first["binds"], first["throughput"]) == ("a", 2, 10)
    assert (second["id"], second["window"]) == ("a-2", 3)
    assert main_file["routes"] == [{"connectors": ["a", "a-2"], "strategy": "round_robin"}]
    assert "one bind more" in told


def test_a_user_is_a_tenant(tmp_path: Path) -> None:
    lines = (
        'user-deny-ip = "*.*.*.*"', 'user-allow-ip = "10.1.*.*;192.0.2.7"', "default-sender = Shop",
        "dlr-url = http://shop.example/dlr?s=%d", "allowed-prefix = +30;0044",
    )  # fmt: skip
    _, tenants, told = made(tmp_path, smsc("a") + user("shop", *lines))
    assert tenants["tenants"] == [
        {
            "id": "shop",
            "destinations": ["30", "44"],
            "default_sender": "Shop",
            "dlr_url": "http://shop.example/dlr?s=%d",
            "credentials": [
                {"kind": "password", "username": "shop", "secret": "secret-shop", "allow": ["10.1.0.0/16", "192.0.2.7"]}
            ],
        }
    ]
    assert told == ""


def test_prefix_lists_of_a_user_mean_what_they_mean_in_kannel(tmp_path: Path) -> None:
    _, tenants, _ = made(tmp_path, smsc("a") + user("x", "denied-prefix = 30;44;99", "allowed-prefix = 3069;99"))
    mine = tenants["tenants"][0]
    assert mine["barred"] == ["30", "44"]  # 99 is allowed, which counts more
    assert mine["destinations"] == [*"123456789", "3069"]


def test_a_forced_smsc_and_a_faked_sender_are_routes_of_the_tenant(tmp_path: Path) -> None:
    text = smsc("a", "denied-smsc-id = vip") + smsc("b", "allowed-smsc-id = vip", "allowed-prefix = 30") + user("x")
    text += user("y", "forced-smsc = vip", "faked-sender = Boss") + user("z", "forced-smsc = nowhere")
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["routes"] == [
        {"match": {"to": "30*", "tenant": "y"}, "connectors": ["b"], "rewrite": {"sender": "Boss"}},
        {"match": {"tenant": "z"}, "connectors": ["a"]},
        {"connectors": ["a"]},
    ]
    x, y, z = tenants["tenants"]
    assert "destinations" not in x
    assert y["destinations"] == ["30"]  # Kannel has no way for the rest of them; everyone's routes would take it
    assert y["default_sender"] == "Boss"
    assert "enabled" not in z
    assert "disabled" not in told


def test_a_user_whose_smsc_was_not_converted_sends_nothing(tmp_path: Path) -> None:
    text = smsc("a", "allowed-smsc-id = a") + user("x", "forced-smsc = web") + user("y", "forced-smsc = a")
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["routes"] == [{"match": {"tenant": "y"}, "connectors": ["a"]}]
    assert tenants["tenants"][0]["enabled"] is False
    assert "tenant 'x' is disabled" in told


def test_a_user_without_any_smsc_has_no_route(tmp_path: Path) -> None:
    main_file, tenants, told = made(tmp_path, user("x"))
    assert "routes" not in main_file
    assert "enabled" not in tenants["tenants"][0]
    assert "tenant 'x' has no route" in told


def test_services_are_mo_routes(tmp_path: Path) -> None:
    text = smsc("a") + 'group = sms-service\nkeyword = default\nget-url = "http://all.example/mo?t=%a"\n\n'
    text += "group = sms-service\nname = games\nkeyword = WIN\naliases = GAIN;PLAY\naccepted-smsc = a\n"
    text += "post-url = http://games.example/\nallowed-receiver-prefix = 54001\n\n"
    text += "group = sms-service\nkeyword = HI\ntext = Hello\n"
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["mo_routes"] == [
        {"match": {"keyword": ["WIN", "GAIN", "PLAY"], "to": ["54001*"], "connector": "a"}, "webhook": "mo-games"},
        {"webhook": "mo-service"},
    ]
    assert {it["id"]: it["webhook"]["url"] for it in tenants["tenants"]} == {
        "mo-service": "http://all.example/mo",
        "mo-games": "http://games.example/",
    }
    assert "fixed answers are not given" in told


def test_a_preference_that_changes_nothing_makes_no_route(tmp_path: Path) -> None:
    """The only smsc that takes a number is not more so for being preferred."""
    main_file, _, _ = made(tmp_path, smsc("a", "preferred-prefix = 0044;0049", "denied-prefix = 0090"))
    assert main_file["routes"] == [{"connectors": ["a"]}]


def test_that_requests_cannot_choose_is_told_where_they_could(tmp_path: Path) -> None:
    bound, free = user("bound", "forced-smsc = a"), user("free", "default-smsc = a")
    _, _, told = made(tmp_path, smsc("a", "allowed-smsc-id = a") + smsc("b") + bound + free)
    assert "kannel.conf:25: sendsms-user without forced-smsc: the parameter smsc of requests is not looked at" in told
    assert "go by a needs a route" in told
    (tmp_path / "other").mkdir()
    (tmp_path / "third").mkdir()
    assert "parameter smsc" not in made(tmp_path / "other", smsc("a", "allowed-smsc-id = a") + smsc("b") + bound)[2]
    assert "parameter smsc" not in made(tmp_path / "third", smsc("a") + smsc("b") + user("free"))[2]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://me:hush@app.example/mo", "its URL holds credentials"),
        ("http://[app.example/mo", "no http:// or https:// URL"),
        ("http://app..example/mo", "no http:// or https:// URL"),
    ],
)
def test_a_service_at_an_address_nobody_could_call_is_told_and_secrets_are_not(
    tmp_path: Path, url: str, told: str
) -> None:
    text = smsc("a", "host = smsc.example") + f"group = sms-service\nkeyword = a\nget-url = {url}\n"
    result = migrated(tmp_path, text)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert told in result.output and "hush" not in result.output


def test_a_list_of_logins_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "logins").write_bytes(b"x" * (MAX_BYTES + 1))
    box = f"group = opensmppbox\nopensmppbox-id = box\nsmpp-logins = {tmp_path / 'logins'}\n"
    result = migrated(tmp_path, smsc("a", "host = smsc.example") + box)
    assert "cannot be read here (File too large)" in result.output


def test_a_service_that_takes_any_number_of_words_keeps_its_keyword(tmp_path: Path) -> None:
    """catch-all is about the words behind the keyword."""
    text = smsc("a") + "group = sms-service\nkeyword = win\ncatch-all = true\nget-url = http://win.example/?%a\n"
    main_file, _, told = made(tmp_path, text)
    assert main_file["mo_routes"] == [{"match": {"keyword": ["win"]}, "webhook": "mo-service"}]
    assert "catch-all" not in told


def test_who_may_bind_becomes_a_tenant(tmp_path: Path) -> None:
    logins = tmp_path / "logins.txt"
    logins.write_text(
        "acme pass1 VMA *.*.*.*\n\nshop pass2 VMA 192.0.2.7;198.51.100.*\nlong waytoolong VMA *.*.*.*\n"
        "acme other VMA *.*.*.*\nnowhere p VMA x\nalone\nbare pw\n"
    )
    text = smsc("a", "allowed-smsc-id = a") + smsc("b") + "group = opensmppbox\nopensmppbox-port = 2345\n"
    text += f"our-system-id = gate\nroute-to-smsc = a\nsmpp-logins = {logins}\n\n" + user("shop")
    main_file, tenants, told = made(tmp_path, text)
    assert [(it["id"], it["credentials"]) for it in tenants["tenants"]] == [
        ("shop", [{"kind": "password", "username": "shop", "secret": "secret-shop"}]),
        ("acme", [{"kind": "smpp", "system_id": "acme", "secret": "pass1"}]),
        (
            "shop-2",
            [
                {
                    "kind": "smpp",
                    "system_id": "shop",
                    "secret": "pass2",
                    "allow": ["192.0.2.7", "198.51.100.0/24"],
                }
            ],
        ),
        ("bare", [{"kind": "smpp", "system_id": "bare", "secret": "pw"}]),
    ]
    both = {"connectors": ["a", "b"], "strategy": "round_robin"}
    assert [it for it in main_file["routes"] if it.get("match", {}).get("tenant") in ("acme", "shop-2", "bare")] == [
        {"match": {"tenant": name}, **both} for name in ("acme", "shop-2", "bare")
    ]
    for line, what in ((4, "'long': left out: SMPP has room"), (5, "'acme' is there already"), (6, "it may bind from")):
        assert any(it.startswith(f"{logins}:{line}: ") and what in it for it in told.splitlines())
    assert f"{logins}:7: login 'alone': left out" in told
    assert f"{logins}:3: login 'shop': its tenant is 'shop-2', 'shop' is taken" in told
    assert "pass1" not in told
    assert "waytoolong" not in told


def test_logins_that_are_elsewhere_are_told(tmp_path: Path) -> None:
    text = smsc("a") + f"group = opensmppbox\nopensmppbox-port = 2345\nsmpp-logins = {tmp_path}/none\n"
    _, _, told = made(tmp_path, text)
    assert "none cannot be read here (No such file or directory): each login in it is to be a credential" in told


def test_listeners_are_where_customers_look_for_them(tmp_path: Path) -> None:
    text = "group = core\nlog-level = 2\nsms-combine-concatenated-mo-timeout = 60\n\n"
    text += "group = smsbox\nsendsms-port = 13014\nsendsms-interface = 127.0.0.1\n"
    text += "sendsms-url = /sms/cgi-bin/sendsms\nglobal-sender = 100\n\n"
    text += "group = opensmppbox\nopensmppbox-port = 2345\nour-system-id = gate\n\n" + user("x") + smsc("a")
    main_file, tenants, told = made(tmp_path, text)
    assert main_file["listeners"]["http"] == {"listen": ["127.0.0.1:13014"]}
    assert main_file["listeners"]["smpp"] == {"listen": ["0.0.0.0:2345"], "system_id": "gate"}
    assert main_file["dialects"] == {"kannel": {"prefix": "/sms"}}
    assert (main_file["log"], main_file["mo"]) == ({"level": "warning"}, {"part_wait_s": 60})
    assert tenants["tenants"][0]["default_sender"] == "100"
    assert told == ""


def test_nothing_is_dropped_in_silence(tmp_path: Path) -> None:
    """Every line that is not in the result is told, by its line."""
    text = "group = core\nadmin-password = hush\nfrobnicate = 1\n\ngroup = wapbox\nbearerbox-host = h\n\n"
    text += "group = smsc\nsmsc = http\nsmsc-id = w\nsend-url = http://x\n\n" + smsc(
        "a", "bind-addr-ton = 1", "alt-charset = EBCDIC"
    )
    text += user("x", "header = hi", "max-messages = 3", "black-list = http://b", "faked-sender = much too long a name")
    told = made(tmp_path, text)[2]
    file = tmp_path / "kannel.conf"
    for line, words in enumerate(text.splitlines(), 1):
        key = words.partition(" ")[0]
        if key in (
            "admin-password",
            "frobnicate",
            "bind-addr-ton",
            "alt-charset",
            "header",
            "max-messages",
            "black-list",
            "faked-sender",
        ):
            assert f"{file}:{line}: {key}: " in told
    assert f"{file}:5: group = wapbox: not converted" in told
    assert "smsc = http: not converted" in told
    assert "hush" not in told
    head = (tmp_path / "out" / "smsgwd.yaml").read_text().split("\n\n")[0]
    assert all(line in head for line in told.splitlines())


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    made(tmp_path, smsc("a") + user("x"))
    out = tmp_path / "out"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*")}
    assert (modes["tenants.yaml"], modes["secrets"], modes["a"]) == (0o600, 0o700, 0o600)
    assert "secret-x" not in (out / "smsgwd.yaml").read_text()
    result = migrated(tmp_path, smsc("a") + user("x"))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    (out / "tenants.yaml").chmod(0o644)
    assert migrated(tmp_path, smsc("a") + user("x"), "--force").exit_code == 0
    assert stat.S_IMODE((out / "tenants.yaml").stat().st_mode) == 0o600


def test_the_file_is_read_as_kannel_reads_it(tmp_path: Path) -> None:
    (tmp_path / "users").mkdir()
    (tmp_path / "users" / "one.conf").write_text(user("one"))
    (tmp_path / "more.conf").write_text("# nothing\n\n" + user("two"))
    text = "# a comment\ngroup = smsbox\n# inside a group\n"
    text += 'sendsms-port = \\\n13015\nglobal-sender = "a \\"b\\" c" rest\n \n'
    text += smsc("a") + f"include = {tmp_path / 'users'}\ninclude = more.conf\n"
    main_file, tenants, _ = made(tmp_path, text.replace("\n", "\r\n"))
    assert main_file["listeners"]["http"]["listen"] == ["0.0.0.0:13015"]
    assert [it["id"] for it in tenants["tenants"]] == ["one", "two"]
    assert tenants["tenants"][0]["default_sender"] == 'a "b" c'


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "no group"),
        ("hello world\n", 1, "neither 'name = value' nor a comment"),
        ("group = core\n<xml>\n", 2, "neither 'name = value' nor a comment"),
        ("\n\nadmin-port = 1\n", 3, "no 'group = ...'"),
        ("group = core\ngroup = smsbox\n", 1, "two groups"),
        ("group = core\nlog-level = high\n", 2, "is not a number"),
        ("group = core\n\ninclude = not-there.conf\n", 3, "include: there is no"),
        ("group = core\n\0\1\n", 2, "binary data"),
        (smsc("a").replace("2775", "many"), 5, "is not a number"),
    ],
)
def test_what_is_no_kannel_conf_is_refused_by_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    result = migrated(tmp_path, text)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path / 'kannel.conf'}:{line}: ")
    assert what in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_file_that_includes_itself_is_refused(tmp_path: Path) -> None:
    result = migrated(tmp_path, "group = core\n\ninclude = kannel.conf\n")
    assert (result.exit_code, "includes itself" in result.stderr) == (2, True)


def test_a_result_that_cannot_run_is_said(tmp_path: Path) -> None:
    result = migrated(tmp_path, smsc("a").replace("host = a.example", "host = a b"))
    assert result.exit_code == 1
    assert "needs your hand" in result.stderr
    assert "host" in result.stderr


_LINE = st.sampled_from(
    """group = smsc|group = core|group = smsbox|group = sendsms-user|group = sms-service|smsc = smpp|smsc-id = a|# c
host = h|port = 1|receive-port = 2|username = u|password = p|keyword = K|get-url = http://h/?%p|get-url = %|name = ../x
allowed-prefix = +3;0;x|throughput = 1|throughput = -1|use-ssl = 1|wait-ack = 0x1g|user-deny-ip = *.*.*.*
faked-sender = "|user-allow-ip = 1.*;999.1.1.1;1.2.3.4|forced-smsc = b|||a \\|include = none
aliases = ;;| = """.replace("\n", "|").split("|")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_LINE | st.text(max_size=12), max_size=25).map("\n".join))
def test_any_text_is_converted_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.conf"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        convert(path)
    except MigrateError as problem:
        assert str(problem).startswith(str(tmp_path))


_PREFIXES = st.none() | st.lists(st.sampled_from(["3", "30", "306", "44", "4"]), max_size=3)
_SOME = st.lists(st.sampled_from(["3", "30", "306", "44", "4"]), min_size=1, max_size=3)
_LABELS = st.frozensets(st.sampled_from(["x", "y"]), max_size=2)
_SMSC = st.builds(
    Smsc,
    label=st.just(""),
    connectors=st.just([]),
    allowed_ids=st.none() | _LABELS,
    denied_ids=_LABELS,
    preferred_ids=_LABELS,
    allowed=_PREFIXES,
    denied=_PREFIXES,
    preferred=st.lists(st.sampled_from(["30", "44"]), max_size=2),
)


def _usable(smsc: Smsc, label: str | None, number: str) -> int:
    """-1 no, 0 yes, 1 rather this one: what bearerbox asks each smsc, in its own order."""

    def begins(prefixes: list[str] | None) -> bool:
        return any(number.startswith(prefix) for prefix in prefixes or ())

    if label in smsc.denied_ids:
        return -1
    if smsc.allowed_ids is not None and label not in smsc.allowed_ids:
        return -1
    if smsc.allowed is not None and smsc.denied is None and not begins(smsc.allowed):
        return -1
    if smsc.denied is not None and smsc.allowed is None and begins(smsc.denied):
        return -1
    if smsc.denied is not None and smsc.allowed is not None and not begins(smsc.allowed) and begins(smsc.denied):
        return -1
    return 1 if label in smsc.preferred_ids or begins(smsc.preferred) else 0


_OWN = st.fixed_dictionaries({}, optional={"destinations": _SOME, "barred": _SOME})


def _may(tenant: dict[str, Any], number: str) -> bool:
    """The gateway's rule: of both lists the longest prefix that fits counts; without destinations all is allowed."""
    fits = [len(it) for it in tenant.get("destinations", [""]) if number.startswith(it)]
    bars = [len(it) for it in tenant.get("barred", []) if number.startswith(it)]
    return tenant.get("enabled", True) and max(fits, default=-1) > max(bars, default=-1)


@given(
    st.lists(_SMSC, min_size=1, max_size=4),
    st.sampled_from([None, "x", "y"]),
    _OWN,
    st.from_regex("[1-9][0-9]{4}|(30|306|44|4)[0-9]{3}", fullmatch=True),
)
def test_every_number_goes_by_the_smscs_that_kannel_would_take(
    smscs: list[Smsc], label: str | None, own: dict[str, Any], number: str
) -> None:
    for place, one in enumerate(smscs):
        one.connectors = [str(place)]
    tenant: dict[str, Any] = {"id": "t", **own}
    kinds = [Kind(None, None), Kind(label, None, [tenant])] if label else [Kind(None, None, [tenant])]
    routes, homeless = make(smscs, kinds)
    votes = {str(place): _usable(one, label, number) for place, one in enumerate(smscs)}
    ours = next((route for route in routes if _takes(route, number)), None)
    sends = all(tenant not in kind.tenants for kind in homeless) and _may(tenant, number)
    if ours is None or not sends:
        assert max(votes.values()) == -1 or not _may(own, number)
        return
    assert _may(own, number)
    weights = ours.get("weights", [1] * len(ours["connectors"]))
    rather = {name for name, weight in zip(ours["connectors"], weights, strict=True) if weight}
    assert set(ours["connectors"]) == {name for name, vote in votes.items() if vote >= 0}
    assert rather == {name for name, vote in votes.items() if vote == max(votes.values())}


def _takes(route: dict[str, Any], number: str) -> bool:
    match = route.get("match", {})
    return number.startswith(match.get("to", "*").removesuffix("*")) and match.get("tenant", "t") == "t"

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from smsgwd.config import ConfigErrors, load, load_tenants
from smsgwd.config.model.store import RedisStore
from smsgwd.config.types import Address
from tests.config.files import HEAD, bad, good, write

ETC = Path(__file__).resolve().parents[2] / "etc"

SIM = "{id: sim, kind: smpp, host: 127.0.0.1, port: 2776, system_id: gw, password: gw}"


def test_the_development_files_load_clean() -> None:
    config = load(ETC / "smsgwd.dev.yaml", {})
    assert config.path == ETC / "smsgwd.dev.yaml"
    assert config.data_dir == ETC / "var/lib"
    assert config.admin.socket == ETC / "var/admin.sock"
    assert config.admin.mode == 0o660
    assert config.notify.allow_private_targets is True
    assert config.listeners.http is not None
    assert config.listeners.http.listen == (Address("127.0.0.1", 8080),)
    assert config.listeners.smpp is not None
    (sim,) = config.connectors
    assert (sim.id, sim.kind, sim.window) == ("sim", "smpp", 100)
    assert sim.kind == "smpp"
    assert sim.port == 2776
    assert sim.group == "127.0.0.1:gw"
    (route,) = config.routes
    assert (route.match.to, route.connectors, route.strategy) == (("*",), ("sim",), "failover")
    (demo,) = config.tenants
    assert (demo.id, demo.credit, demo.price, demo.currency) == ("demo", 1_000_000_000, 40_000, "EUR")
    assert demo.time_zone == "Europe/Athens"
    assert [credential.kind for credential in demo.credentials] == ["password", "token", "smpp"]


@pytest.mark.parametrize("name", ["smsgwd.dev.yaml", "smsgwd.example.yaml"])
def test_what_the_examples_have_in_comments_can_be_used(tmp_path: Path, name: str) -> None:
    """Every comment that is an option: without its mark it is one."""
    count = 0
    for file in (name, "tenants.dev.yaml"):
        lines = (ETC / file).read_text("utf-8").splitlines()
        options = [_without_mark(line) for line in lines]
        count += sum(line != option for line, option in zip(lines, options, strict=True))
        (tmp_path / file).write_text("\n".join(options) + "\n", "utf-8")
    secrets = dict.fromkeys(("CARRIER_A_PASSWORD", "CARRIER_B_PASSWORD", "HLR_AUTHORIZATION"), "x")
    config = load(tmp_path / name, secrets)
    assert count > 6
    assert config.lookups.sources


def test_the_example_with_the_shared_store_that_it_names(tmp_path: Path) -> None:
    text = (ETC / "smsgwd.example.yaml").read_text("utf-8")
    [store] = re.findall(r"^# `(store: .*)`$", text, re.MULTILINE)
    path = tmp_path / "smsgwd.yaml"
    path.write_text(text.replace("store: {kind: embedded}", store), "utf-8")
    url = "rediss://smsgwd:pw@10.0.0.5:6379/0"
    config = load(path, {"CARRIER_A_PASSWORD": "x", "CARRIER_B_PASSWORD": "x", "SMSGWD_REDIS_URL": url})
    assert isinstance(config.store, RedisStore)
    assert config.store.url.get_secret_value() == url
    assert (config.store.durability, config.store.replicas) == ("strict", 1)


def _without_mark(line: str) -> str:
    """An option in a comment as it stands when the comment's mark is taken away; other lines as they are."""
    return re.sub(r"^( *)# (?= *(- |[a-z_]+:( |$)))", r"\1", line)


def test_the_example_loads_clean() -> None:
    config = load(ETC / "smsgwd.example.yaml", {"CARRIER_A_PASSWORD": "0123", "CARRIER_B_PASSWORD": "1.50"})
    passwords = [c.password.get_secret_value() for c in config.connectors if c.kind == "smpp"]
    assert passwords == ["0123", "1.50"]
    assert config.data_dir == Path("/var/lib/smsgwd")


def test_a_minimal_file_gets_its_defaults_relative_to_itself(tmp_path: Path) -> None:
    config = good(tmp_path, "")
    assert config.secret_key.file == tmp_path / "var" / "secret.key"
    assert config.admin.socket == tmp_path / "var" / "admin.sock"
    assert config.store.kind == "embedded"
    assert config.limits.default_validity_s == 48 * 3600
    assert config.link_base_url == config.public_url
    assert config.tenants == ()


def test_paths_are_absolute_even_if_the_file_was_named_relatively(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, HEAD)
    monkeypatch.chdir(tmp_path)
    assert load(Path("smsgwd.yaml"), {}).data_dir == tmp_path / "var"


def test_all_mistakes_at_once_in_order_of_lines(tmp_path: Path) -> None:
    assert bad(
        tmp_path,
        """\
        public_url: ftp://x
        listeners:
          http: {listen: ":8080", max_body: 12}
          ops: {listen: ["127.0.0.1:99999"], tls: {cert: no.pem, key: no.key}}
        connectors:
          - {id: a, kind: smpp, host: h, port: 0, system_id: gw, password: x, thoughput: 3}
          - {id: a, kind: smpp, host: h, system_id: gw}
          - {id: c, kind: carrier}
          - {id: d}
        routes:
          - {match: {to: "abc"}, connectors: [a, zz]}
          - {connectors: []}
        limit: {}
        log: {level: loud}
        """,
    ) == [
        "1: public_url: must be a URL that starts with http:// or https:// and names a host",
        "3: listeners.http.listen: ':8080' names no address: write 0.0.0.0:8080 or \"[::]:8080\" for all of them",
        "3: listeners.http.max_body: must be at least 1024, not 12",
        "4: listeners.ops.listen[0]: '127.0.0.1:99999' needs a port 0-65535 after the last ':', as in 127.0.0.1:8080",
        f"4: listeners.ops.tls.cert: cannot read file {tmp_path}/no.pem: No such file or directory",
        f"4: listeners.ops.tls.key: cannot read file {tmp_path}/no.key: No such file or directory",
        "6: connectors[0].port: must be at least 1, not 0",
        "6: connectors[0].thoughput: unknown key 'thoughput' (did you mean 'throughput'?)",
        "7: connectors[1].id: connector id 'a' is given twice (first on line 8)",
        "7: connectors[1].port: is required",
        "7: connectors[1].password: is required",
        "8: connectors[2]: kind must be one of smpp, provider, not 'carrier'",
        "9: connectors[3]: kind is required: smpp or provider",
        "11: routes[0].connectors[1]: no connector has the id 'zz' (known: a, c, d)",
        "11: routes[0].match.to: must be digits (a leading + is fine), a prefix such as 30*, or '*' for any number",
        "12: routes[1].connectors: must not be empty",
        "13: limit: unknown key 'limit' (did you mean 'limits'?)",
        "14: log.level: must be one of debug, info, warning, error, not 'loud'",
    ]


def test_the_text_of_an_error_has_file_line_key_and_what(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "shutdown: {drain_s: soon}\n")
    with pytest.raises(ConfigErrors) as caught:
        load(path, {})
    assert str(caught.value) == f"{path}:3: shutdown.drain_s: must be a number, not 'soon'"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("limits: {max_parts: true}", "limits.max_parts: must be a whole number, not true"),
        ("limits: {max_parts: 2.5}", "limits.max_parts: must be a whole number, not 2.5"),
        ("limits: {max_parts: '2'}", "limits.max_parts: must be a whole number, not '2'"),
        ("limits: {max_parts: [1]}", "limits.max_parts: must be a whole number, not a list"),
        ("limits:", "limits: must be a mapping of options (leave the key out for the defaults)"),
        ("limits: {max_parts: 256}", "limits.max_parts: must be at most 255, not 256"),
        ("limits: {default_validity_s: 604800, max_validity_s: 60}",
         "limits: 'default_validity_s' must not be larger than 'max_validity_s'"),
        ("notify: {allow_private_targets: yes}", "notify.allow_private_targets: must be true or false, not 'yes'"),
        ("notify: {max_age_h: 12}", "notify.max_age_h: must be at least 24, not 12"),
        ("notify: {retry_s: [0]}", "notify.retry_s[0]: must be at least 1, not 0"),
        ("admin: {mode: 999}", "admin.mode: must be an octal file mode such as 0660"),
        ("node: 6", "node: key 'node' is given twice (first on line 1)"),
        ("listeners: {http: {listen: 'localhost:80'}}", "listeners.http.listen: 'localhost' is not an IP address"),
        ("listeners: {http: {listen: '::1:80'}}", "listeners.http.listen: an IPv6 address stands in brackets"),
        ("listeners: {http: {listen: []}}", "listeners.http.listen: must not be empty"),
        ("listeners: {http: {listen: 8080}}", "listeners.http.listen: '8080' needs a port"),
        ("listeners: {http: {listen: '127.0.0.1:80', trusted_proxies: [10.0.0.1/8]}}",
         "listeners.http.trusted_proxies[0]: not an address or network"),
        ("listeners: {http: {listen: '127.0.0.1:80'}, ops: {listen: ['127.0.0.1:80']}}",
         "listeners.ops.listen[0]: '127.0.0.1:80' is already taken by the http listener"),
        ("listeners: {smpps: {listen: '127.0.0.1:80'}}", "listeners.smpps.tls: is required"),
        ("store: {kind: postgres}", "store: kind must be one of embedded, redis, not 'postgres'"),
        ("store: {kind: embedded, commit_gap_ms: 6}", "store.commit_gap_ms: must be at most 5, not 6"),
        ("store: {kind: redis, url: 'http://x'}", "store.url: must start with redis://, rediss://"),
        ("tenants_file: none.yaml", "tenants_file: cannot read file"),
        ("secret_key: short", "secret_key: is too short: at least 32 characters"),
        ('secret_key: "a key of thirty-two characters...\\nshort"', "secret_key: has a line that is too short"),
        ("connectors: {}", "connectors: must be a list"),
        ("connectors: [3]", "connectors[0]: must be a mapping of options"),
        ("routes: [{connectors: [nowhere]}]",
         "routes[0].connectors[0]: no connector has the id 'nowhere' (there are no connectors)"),
        (f"connectors: [{SIM}]\nroutes: [{{connectors: [sim, sim]}}]",
         "routes[0].connectors[1]: connector 'sim' is named twice in this route"),
        ("mo_routes: [{account: a, match: {connector: nowhere}}]",
         "mo_routes[0].match.connector: no connector has the id 'nowhere'"),
        ("mo_routes: [{account: a, match: {keyword: [WIN, 'TWO WORDS']}}]",
         "mo_routes[0].match.keyword[1]: 'TWO WORDS' is not one word"),
        ("mo_routes: [{account: a, match: {keyword: TWO WORDS}}]",
         "mo_routes[0].match.keyword: 'TWO WORDS' is not one word"),
        ("mo_routes: [{account: a, match: {keyword: ['!']}}]", "mo_routes[0].match.keyword[0]: '!' is not one word"),
        ("mo_routes: [{account: a, webhook: b}]", "mo_routes[0]: needs one of 'account', 'webhook' and 'callback'"),
        ("mo: {start_words: [START, end]}", "mo: 'end' cannot be in 'stop_words' and in 'start_words'"),
        ("mo: {stop_words: ['...']}", "mo.stop_words[0]: must have a letter or digit"),
        ("log: {colour: red}", "log.colour: unknown key 'colour' (known: level, format, show_numbers, show_text)"),
    ],
)  # fmt: skip
def test_one_mistake_one_clear_message(tmp_path: Path, line: str, complaint: str) -> None:
    (only,) = bad(tmp_path, line)
    assert only.partition(": ")[2].startswith(complaint)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("password: '123456789'", "password: is too long: at most 8 characters"),
        ("password: 'pä'", "password: must be plain ASCII"),
        ("system_id: abcdefghijklmnop", "system_id: is too long: at most 15 characters"),
        ("host: 'a b'", "host: does not have the form"),
        ("bind: both", "bind: must be one of transceiver, transmitter, receiver, tx_rx, not 'both'"),
        ("interface_version: 3.5", "interface_version: must be one of 3.3, 3.4, 5.0, not '3.5'"),
        ("source_ton: 8", "source_ton: must be at most 7, not 8"),
        ("throughput: -1", "throughput: must be at least 0, not -1"),
        ("statuses: {0x58: ignore}", "statuses.0x58: must be one of retry, failover, throttle"),
        ("statuses: {0x58: 3}", "statuses.0x58: must be one of retry, failover, throttle"),
        ("statuses: {0x58: {action: ignore}}", "statuses.0x58.action: must be one of retry, failover, throttle"),
        ("statuses: {0x58: {scope: me, action: fail}}", "statuses.0x58.scope: must be one of message, destination"),
        ("statuses: {0x58: {scope: message}}", "statuses.0x58.action: is required"),
        ("statuses: {0x58: fail, 88: retry}", "statuses.88: is the same command_status as '0x58'"),
        ("statuses: {0x0A: fail, 010: retry}", "statuses.010: is the same command_status as '0x0A'"),
        ("statuses: {ROK: retry}", "statuses.ROK: a command_status is 0x1-0xFFFFFFFF"),
        ("statuses: {0x0: retry}", "statuses.0x0: a command_status is 0x1-0xFFFFFFFF"),
        ("timers: {reconnect_min_s: 61}", "timers: 'reconnect_min_s' must not be larger"),
        ("tls: {cert: smsgwd.yaml}", "tls: 'cert' and 'key' go together"),
        ("tls: {ca: gone.pem}", "tls.ca: cannot read file"),
    ],
)
def test_mistakes_of_an_smpp_connector(tmp_path: Path, options: str, complaint: str) -> None:
    fields = {"host": "h", "system_id": "gw", "password": "gw"}
    fields.pop(options.partition(":")[0], None)
    rest = ", ".join(f"{key}: {value}" for key, value in fields.items())
    (only,) = bad(tmp_path, f"connectors: [{{id: a, kind: smpp, port: 1, {rest}, {options}}}]")
    assert only.startswith(f"1: connectors[0].{complaint}")


def test_an_smpp_connector_in_full(tmp_path: Path) -> None:
    (connector,) = good(
        tmp_path,
        """\
        connectors:
          - id: a
            kind: smpp
            host: h
            port: 2775
            system_id: 1234
            password: 0012
            interface_version: 3.4
            tls: {}
            statuses: {0x58: throttle, 69: retry}
            account_group: g
            throughput: 0.5
        """,
    ).connectors
    assert connector.kind == "smpp"
    assert (connector.system_id, connector.password.get_secret_value()) == ("1234", "0012")
    assert connector.interface_version == "3.4"
    assert connector.tls is not None
    assert connector.tls.verify is True
    assert dict(connector.statuses) == {0x58: "throttle", 69: "retry"}
    assert (connector.group, connector.throughput) == ("g", 0.5)


def test_provider_options_are_free_and_plain(tmp_path: Path) -> None:
    config = good(
        tmp_path,
        """\
        connectors:
          - id: p
            kind: provider
            provider: isms
            options: {base_url: "https://x", n: 5, f: 1.5, deep: {password: {env: PW}, list: [a, 1]}}
        """,
        {"PW": "hush"},
    )
    (connector,) = config.connectors
    assert connector.kind == "provider"
    options = dict(connector.options)
    assert options == {"base_url": "https://x", "n": 5, "f": 1.5, "deep": {"password": "hush", "list": ("a", 1)}}
    assert [type(options["n"]), type(options["f"]), type(options["deep"]["password"])] == [int, float, str]
    assert "hush" not in repr(config)


def test_a_mistake_of_a_whole_connector_is_told_of_it(tmp_path: Path) -> None:
    """Not of an option that is called as the kind is."""
    (only,) = bad(tmp_path, "connectors: [{id: a, kind: provider, provider: isms, push_contacts: true}]")
    assert only == "1: connectors[0]: 'push_contacts' needs 'tenant'"
    (only,) = bad(tmp_path, "connectors: [{id: a, kind: provider, provider: 7x}]")
    assert only.startswith("1: connectors[0].provider: does not have the form")


def test_a_route_reads_from_and_lists(tmp_path: Path) -> None:
    text = f"connectors: [{SIM}]\nroutes: [{{match: {{to: [30*, +44], from: Shop*}}, connectors: [sim]}}]"
    (route,) = good(tmp_path, text).routes
    assert (route.match.to, route.match.sender, route.match.tenant) == (("30*", "+44"), ("Shop*",), None)


def test_both_files_are_checked_in_one_go(tmp_path: Path) -> None:
    write(tmp_path, "tenants:\n  - {id: t, currency: euro}\n", "t.yaml")
    path = write(tmp_path, HEAD + "tenants_file: t.yaml\nnodes: x\n")
    with pytest.raises(ConfigErrors) as caught:
        load(path, {})
    assert [str(error) for error in caught.value.errors] == [
        f"{path}:4: nodes: unknown key 'nodes' (did you mean 'node'?)",
        f"{tmp_path}/t.yaml:2: tenants[0].currency: does not have the form ^[A-Z]{{3}}$, not 'euro'",
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "cannot read the file: No such file or directory"),
        ("", "the file is empty"),
        ("null", "the file is empty"),
        ("- a\n- b", "must be a mapping of options"),
        ("just text", "must be a mapping of options"),
        ("a: [", "YAML syntax"),
    ],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, content: str | None, complaint: str) -> None:
    path = tmp_path / "c.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigErrors) as caught:
        load(path, {})
    (only,) = caught.value.errors
    assert str(only).startswith(f"{path}:1: {complaint}")
    with pytest.raises(ConfigErrors):
        load_tenants(path, {})


def test_the_result_is_frozen(tmp_path: Path) -> None:
    text = f"connectors: [{SIM}]"
    config = good(tmp_path, text)
    with pytest.raises(ValidationError):
        config.node = "other"
    with pytest.raises(TypeError):
        config.connectors[0].statuses[1] = "retry"  # type: ignore[union-attr, index]


def test_a_keyword_may_stand_alone(tmp_path: Path) -> None:
    config = good(tmp_path, "mo_routes: [{account: a, match: {keyword: WIN}}, {account: b, match: {keyword: 5}}]")
    assert [route.match.keyword for route in config.mo_routes] == [("WIN",), ("5",)]

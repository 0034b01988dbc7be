"""What differs between two configurations, what of it a reload applies, and that no secret is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsgwd.config import Config, load
from smsgwd.config.diff import ABSENT, differences, is_live, kept, shown
from smsgwd.config.shape import fields_of

SIM = {"id": "sim", "kind": "smpp", "host": "127.0.0.1", "port": 2776, "system_id": "gw", "password": "geheim"}
OTHER = {**SIM, "id": "other", "port": 2777}
BASE: dict[str, Any] = {
    "node": "gw1",
    "data_dir": "data",
    "listeners": {"http": {"listen": "127.0.0.1:8080"}},
    "connectors": [SIM],
    "routes": [{"match": {"to": "30*"}, "connectors": ["sim"]}, {"connectors": ["sim"]}],
}


@pytest.fixture
def made(tmp_path: Path) -> Any:
    def make(**changes: Any) -> Config:
        path = tmp_path / "smsgwd.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes}))
        return load(path, {"KEY": "x" * 40})

    return make


def told(old: Config, new: Config) -> dict[str, tuple[Any, Any, bool]]:
    return {each.path: (each.before, each.after, each.live) for each in differences(old, new)}


def test_the_same_file_twice_differs_in_nothing(made: Any) -> None:
    assert told(made(), made()) == {}


def test_options_of_an_element_are_told_by_its_id(made: Any) -> None:
    found = told(made(), made(connectors=[{**SIM, "throughput": 50, "timers": {"connect_s": 3}}]))
    assert found == {
        "connectors[sim].throughput": (0.0, 50.0, True),
        "connectors[sim].timers.connect_s": (10.0, 3.0, True),
    }


def test_elements_come_go_and_change_places(made: Any) -> None:
    two = made(connectors=[SIM, OTHER])
    [(path, (before, after, live))] = told(made(), two).items()
    assert (path, before, live) == ("connectors[other]", ABSENT, True)
    assert after["port"] == 2777
    [(path, (before, after, _))] = told(two, made()).items()
    assert (path, after) == ("connectors[other]", ABSENT)
    assert told(two, made(connectors=[OTHER, SIM])) == {
        "connectors (order)": (["sim", "other"], ["other", "sim"], True)
    }


def test_elements_without_an_id_are_told_by_their_place(made: Any) -> None:
    first, last = BASE["routes"]
    found = told(made(), made(routes=[first, {"match": {"to": "44*"}, "connectors": ["sim"]}, last]))
    assert list(found) == ["routes[1]"]
    assert found["routes[1]"][0] == ABSENT
    assert found["routes[1]"][1]["match"]["to"] == ["44*"]
    assert told(made(), made(routes=[{**first, "strategy": "round_robin"}, last])) == {
        "routes[0].strategy": ("failover", "round_robin", True)
    }


def test_secrets_are_compared_and_not_shown(made: Any) -> None:
    found = told(made(), made(connectors=[{**SIM, "password": "anders"}]))
    assert found == {"connectors[sim].password": ("***", "***", True)}
    source = {"kind": "http", "name": "hlr", "url": "http://me:pw1@h/{msisdn}?key=pw2", "headers": {"A": "pw3"}}
    config = made(lookups={"sources": [source]}, secret_key={"env": "KEY"})
    text = json.dumps(shown(config))
    assert "pw1" not in text
    assert "pw2" not in text
    assert "pw3" not in text
    assert "geheim" not in text
    assert "xxxx" not in text
    assert shown(config)["admin"]["mode"] == "0660"
    assert shown(config)["lookups"]["sources"][0]["url"] == "http://***@h/{msisdn}?***"


def test_what_takes_a_restart_keeps_its_value(made: Any) -> None:
    old = made()
    new = made(
        node="gw2",
        listeners={"http": {"listen": "127.0.0.1:9090"}, "ops": {"listen": "127.0.0.1:9091"}},
        admin={"mode": "0600", "audit_d": 30},
        limits={"max_parts": 3},
    )
    found = told(old, new)
    assert {path for path, (_, _, live) in found.items() if not live} == {
        "node", "listeners.http.listen", "listeners.ops", "admin.mode",
    }  # fmt: skip
    both = kept(old, new)
    assert (both.node, both.admin.mode, both.admin.audit_d, both.limits.max_parts) == ("gw1", 0o660, 30.0, 3)
    assert both.listeners == old.listeners
    assert both.path == new.path
    assert {each.path for each in differences(both, new)} == {path for path, (_, _, live) in found.items() if not live}
    assert kept(old, new, lambda path: path == "limits.max_parts").limits.max_parts == 10


def test_every_top_level_option_is_live_or_not_as_the_design_says() -> None:
    live = {
        "connectors", "routes", "mo_routes", "mo", "tenants_file", "limits", "retention", "notify", "auth", "log",
        "access_log", "cdr", "tracing", "shutdown",
    }  # fmt: skip
    assert {key for key in fields_of(Config) if is_live((key,))} == live
    assert is_live(("admin", "roles", "admin"))
    assert is_live(("admin", "audit_d"))
    assert not is_live(("admin", "socket"))
    assert is_live(("connectors", "timers", "connect_s"))
    assert is_live(("listeners", "http", "tls", "cert"))
    assert not is_live(("listeners", "http", "workers"))


def test_no_key_in_a_url_is_shown_however_it_is_written(made: Any) -> None:
    source = {"kind": "http", "name": "hlr", "url": "HTTPS://me:geheim@hlr.example/{msisdn}?key=geheim"}
    source["headers"] = {"X-Key": "geheim"}
    old, new = made(), made(lookups={"sources": [source]})
    assert "geheim" not in json.dumps(shown(new)) and "geheim" not in repr(differences(old, new))
    assert shown(new)["lookups"]["sources"][0]["url"].endswith("://***@hlr.example/{msisdn}?***")

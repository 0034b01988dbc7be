"""What `smsgwd check` says of provider connectors: every mistake, with its line, and no secret."""

import textwrap
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from smsgwd.app import provider_checks
from smsgwd.app.connector_shown import shown
from smsgwd.app.provider_checks import load_config
from smsgwd.app.provider_parts import connector_settings_of, provider_settings_of
from smsgwd.config import ConfigErrors
from smsgwd.config.errors import ConfigMistakes
from smsgwd.providers import loading
from smsgwd.southbound.settings import Settings

NAMES = ("post", "pusher", "mute", "old", "crashing", "odd", "nothing", "silent", "deep")
HEAD = "node: gw1\ndata_dir: var\n"


@pytest.fixture(autouse=True)
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {name: EntryPoint(name, f"tests.app.fake_plugins:{name.upper()}", loading.GROUP) for name in NAMES}
    points["broken"] = EntryPoint("broken", "tests.app.no_such_module:PLUGIN", loading.GROUP)
    monkeypatch.setattr(loading, "installed", lambda: points)
    provider_checks.plugin_of.cache_clear()


def written(directory: Path, text: str) -> Path:
    path = directory / "smsgwd.yaml"
    path.write_text(HEAD + textwrap.dedent(text), "utf-8")
    return path


def good(directory: Path, text: str, **environ: str):
    return load_config(written(directory, text), environ)


def bad(directory: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        good(directory, text, **environ)
    return [f"{error.line - 2}: {error.key}: {error.message}" for error in caught.value.errors]


def test_options_are_fitted_to_the_types_of_the_plugin(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from-a-file\n")
    config = good(
        tmp_path,
        """
        connectors:
          - id: p1
            kind: provider
            provider: post
            options: {username: 1234, password: {file: password}, retries: {env: RETRIES}, pairs: true}
        """,
        RETRIES="3",
    )
    [settings] = provider_settings_of(config)
    assert settings.options == {"username": "1234", "password": "from-a-file", "retries": 3, "pairs": True}
    assert all(type(value) in (str, int, bool) for value in settings.options.values())
    assert (settings.requests_s, settings.together) == (9, 2)
    assert "from-a-file" not in repr(settings) + repr(config)


def test_every_mistake_is_told_at_once_with_its_line_and_key(tmp_path: Path) -> None:
    assert bad(
        tmp_path,
        """
        limits:
          max_parts: none
        connectors:
          - id: p1
            kind: provider
            provider: post
            options:
              usrname: shop
              password: long enough
              retries: 12
          - id: p2
            kind: provider
            provider: post
            window: 0
            options:
              password: long enough
              base_url: [a]
          - id: p3
            kind: provider
            provider: nobody
        """,
    ) == [
        "3: limits.max_parts: must be a whole number, not 'none'",
        "8: connectors[0].options.username: is required",
        "9: connectors[0].options.usrname: unknown key 'usrname' (did you mean 'username'?)",
        "11: connectors[0].options.retries: must be at most 9, not 12",
        "15: connectors[1].window: must be at least 1, not 0",
        "16: connectors[1].options.username: is required",
        "18: connectors[1].options.base_url: must be text (in quotes if it looks like something else)",
        "21: connectors[2].provider: provider plugin 'nobody' is not installed; there are: broken, crashing, deep,"
        " mute, nothing, odd, old, post, pusher, silent",
    ]


def test_no_secret_is_quoted(tmp_path: Path) -> None:
    text = """
        connectors:
          - id: p1
            kind: provider
            provider: post
            options: {username: u, password: %s}
          - id: p2
            kind: provider
            provider: crashing
            options: {token: hush-hush}
        """
    told = bad(tmp_path, text % "pw5")
    assert told == [
        "6: connectors[0].options.password: '***' is too short",
        "10: connectors[1].options: the plugin 'crashing' failed to check them: KeyError",
    ]
    told = bad(tmp_path, text % "{env: PASSWORD}", PASSWORD="pw5")
    assert "pw5" not in str(told)
    assert "hush" not in str(told)


def test_no_secret_is_quoted_from_deeper_down(tmp_path: Path) -> None:
    text = """
        connectors:
          - id: p1
            kind: provider
            provider: deep
            options: {auth: {token: hush}, keys: {one: quiet}, users: [{token: still}], plain: loud}
        """
    [told] = bad(tmp_path, text)
    assert told == "6: connectors[0].options: these cannot be: ***, ***, ***, loud"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("mute", "sends nothing"),
        ("old", "was written for version 99 of the plugin API"),
        ("odd", "has an option that YAML cannot hold"),
        ("nothing", "leads to Section, which is no Plugin"),
        ("broken", "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_plugin_that_cannot_be_used_says_why(tmp_path: Path, name: str, why: str) -> None:
    [told] = bad(tmp_path, f"\nconnectors:\n  - id: p1\n    kind: provider\n    provider: {name}\n")
    assert told.startswith("5: connectors[0].provider: provider plugin '")
    assert why in told


def test_what_the_plugin_cannot_do_is_refused(tmp_path: Path) -> None:
    text = """
        connectors:
          - id: p1
            kind: provider
            provider: %s
            tenant: shop
            push_contacts: true
            group: %d
            options: {username: u, password: long enough, pairs: true}
        """
    assert bad(tmp_path, text % ("post", 3)) == [
        "7: connectors[0].push_contacts: the plugin 'post' cannot tell its provider of contacts",
        "8: connectors[0].group: the plugin 'post' takes 2 messages a request at most, not 3",
    ]
    [settings] = provider_settings_of(good(tmp_path, text % ("pusher", 1)))
    assert settings.push_contacts


def test_a_lookup_source_must_be_a_connector_that_can_look_up(tmp_path: Path) -> None:
    text = """
        connectors:
          - {id: smpp, kind: smpp, host: smsc.example, port: 2775, system_id: gw, password: secret}
          - {id: p1, kind: provider, provider: post, options: {username: u, password: long enough}}
          - {id: p2, kind: provider, provider: %s, options: {}}
        lookups:
          sources:
            - {kind: provider, connector: %s}
        """
    [source] = good(tmp_path, text % ("silent", "p1")).lookups.sources
    assert source.connector == "p1"
    assert bad(tmp_path, text % ("silent", "none")) == [
        "8: lookups.sources[0].connector: no connector has the id 'none'"
    ]
    assert bad(tmp_path, text % ("silent", "smpp")) == [
        "8: lookups.sources[0].connector: connector 'smpp' is not of kind provider: it can look nothing up"
    ]
    [told] = bad(tmp_path, text % ("nobody", "p2"))  # of a plugin that is not there nothing more is known
    assert "not installed" in told


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("provider: post, requests_per_s: 9", None),
        ("provider: post, requests_per_s: 9.0", None),
        ("provider: post, requests_per_s: {env: RATE}", None),
        ("provider: post, requests_per_s: 5", "4: connectors[1].requests_per_s: 'requests_per_s' is"),
        ("provider: post", "4: connectors[1].account_group: 'requests_per_s' is"),
        ("provider: pusher, requests_per_s: 9", "4: connectors[1].provider: 'provider' is"),
    ],
)
def test_connectors_of_one_account_go_by_one_limit(tmp_path: Path, other: str, told: str | None) -> None:
    options = "account_group: a, options: {username: u, password: long enough}"
    text = f"""
        connectors:
          - {{id: p1, kind: provider, provider: post, requests_per_s: 9, {options}}}
          - {{id: p2, kind: provider, {other}, {options}}}
          - {{id: p3, kind: provider, provider: post, options: {{username: u, password: long enough}}}}
        """
    if told is None:
        assert len(provider_settings_of(good(tmp_path, text, RATE="9"))) == 3
    else:
        assert bad(tmp_path, text) == [f"{told} another one than line 5 has, of the same account_group"]


def test_an_account_is_of_one_kind(tmp_path: Path) -> None:
    assert bad(
        tmp_path,
        """
        connectors:
          - {id: s, kind: smpp, host: smsc, port: 2775, system_id: gw, password: secret, account_group: a}
          - {id: p, kind: provider, provider: silent, account_group: a}
          - {id: t, kind: smpp, host: smsc, port: 2776, system_id: gw, password: secret, account_group: a}
        """,
    ) == ["4: connectors[1].kind: 'kind' is another one than line 5 has, of the same account_group"]


def test_a_plugin_that_looks_nothing_up_is_no_source(tmp_path: Path) -> None:
    assert bad(
        tmp_path,
        """
        connectors:
          - {id: p1, kind: provider, provider: silent, options: {}}
        lookups:
          sources: [{kind: provider, connector: p1}]
        """,
    ) == ["5: lookups.sources[0].connector: the plugin 'silent' of connector 'p1' cannot look numbers up"]


def test_settings_are_of_all_connectors_in_their_order_and_show_no_secret(tmp_path: Path) -> None:
    config = good(
        tmp_path,
        """
        connectors:
          - {id: p1, kind: provider, provider: post, options: {username: u, password: long enough}}
          - {id: smpp, kind: smpp, host: smsc.example, port: 2775, system_id: gw, password: secret}
        """,
    )
    first, second = connector_settings_of(config)
    assert (first.id, second.id) == ("p1", "smpp")
    assert isinstance(second, Settings)
    told = shown(first)
    assert told["options"] == {
        "base_url": "http://127.0.0.1:9", "username": "u", "password": "***", "retries": 1, "pairs": False,
    }  # fmt: skip
    assert told["requests_per_s"] == 9


def test_a_plugin_that_is_gone_by_the_time_of_a_start_is_a_mistake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = good(
        tmp_path,
        "\nconnectors:\n  - {id: p1, kind: provider, provider: post, options: {username: u, password: 123456}}\n",
    )
    provider_checks.plugin_of.cache_clear()
    monkeypatch.setattr(loading, "installed", dict)
    with pytest.raises(ConfigMistakes, match=r"connectors\[p1\]\.provider: .*'post' is not installed; there are: none"):
        connector_settings_of(config)

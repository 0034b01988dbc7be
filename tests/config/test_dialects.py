"""Section `dialects`: what a file may say, and every mistake told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.files import bad, good


def test_what_is_not_said_is_served_where_the_providers_have_it(tmp_path: Path) -> None:
    dialects = good(tmp_path, "").dialects
    assert (dialects.isms.enabled, dialects.isms.host, dialects.isms.prefix, dialects.isms.requests_per_s) == (
        True,
        (),
        "",
        0,
    )
    assert (dialects.smsclub.requests_per_s, dialects.smsclub.duplicate_s) == (9, 120)
    assert dialects.smsadvert.language == "fr"
    assert dialects.smspresto.tell_which is False


def test_a_file_that_says_all(tmp_path: Path) -> None:
    text = """
        dialects:
          isms: {host: [SMS.Example.net, "cp.example.net:443"], requests_per_s: 2.5}
          smsclub: {prefix: /club, duplicate_s: 0}
          jasmin: {enabled: false}
    """
    dialects = good(tmp_path, text).dialects
    assert dialects.isms.host == ("sms.example.net", "cp.example.net")
    assert dialects.isms.requests_per_s == 2.5
    assert (dialects.smsclub.prefix, dialects.smsclub.duplicate_s) == ("/club", 0)
    assert dialects.jasmin.enabled is False


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    text = """\
        dialects:
          ismss: {enabled: true}
          isms: {enabled: maybe, host: "http://sms.example.net/", requests_per_s: -1}
          smsclub: {duplicate_s: 999999, prefix: club}
          smspresto: {tell_which: 3, prefix: /a/}
          smsadvert: {language: de}
          jasmin: {prefixx: /x}
    """
    assert bad(tmp_path, text) == [
        "2: dialects.ismss: unknown key 'ismss' (did you mean 'isms'?)",
        "3: dialects.isms.enabled: must be true or false, not 'maybe'",
        "3: dialects.isms.host: is no host name, or host:port",
        "3: dialects.isms.requests_per_s: must be at least 0, not -1",
        "4: dialects.smsclub.prefix: must be a path such as /isms, without a slash at its end",
        "4: dialects.smsclub.duplicate_s: must be at most 86400, not 999999",
        "5: dialects.smspresto.prefix: must be a path such as /isms, without a slash at its end",
        "5: dialects.smspresto.tell_which: must be true or false, not 3",
        "6: dialects.smsadvert.language: must be one of fr, ro, en, not 'de'",
        "7: dialects.jasmin.prefixx: unknown key 'prefixx' (did you mean 'prefix'?)",
    ]


@pytest.mark.parametrize("prefix", ["/v1", "/V1/isms", "/l", "/docs", "/openapi.json", "/callback"])
def test_a_prefix_does_not_take_the_native_api_away(tmp_path: Path, prefix: str) -> None:
    (said,) = bad(tmp_path, f"dialects: {{isms: {{prefix: {prefix}}}}}\n")
    assert said.startswith("1: dialects.isms.prefix: begins as paths of the native API do (/v1, ")


@pytest.mark.parametrize("prefix", ["/v1x", "/link", "/sms/v1"])
def test_other_prefixes_may_be(tmp_path: Path, prefix: str) -> None:
    assert good(tmp_path, f"dialects: {{isms: {{prefix: {prefix}}}}}\n").dialects.isms.prefix == prefix

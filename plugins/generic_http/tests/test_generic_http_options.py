"""Mistakes in the options are told at the check, all at once, by line; nothing wrong is left for the first message."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from smsgwd_generic_http.options import GenericOptions

from smsgwd.app.provider_checks import load_config
from smsgwd.config import ConfigErrors
from smsgwd.providers.loading import load
from tests.config.files import HEAD

_SEND = {"url": "https://p.example/", "body": {"json": {"to": "{to}"}}}


def _told(tmp_path: Path, options: str) -> list[str]:
    file = tmp_path / "smsgwd.yaml"
    head = "connectors:\n  - id: p\n    kind: provider\n    provider: generic_http\n    options:\n"
    file.write_text(HEAD + head + "".join(f"      {line}\n" for line in options.strip().splitlines()), "utf-8")
    with pytest.raises(ConfigErrors) as caught:
        load_config(file, {"KEY": "s3cret-{-value"})
    first = HEAD.count("\n") + head.count("\n") + 1
    start = "connectors[0].options."
    return [f"{e.line - first}: {e.key.removeprefix(start)}: {e.message}" for e in caught.value.errors]


def test_all_mistakes_at_once_by_line(tmp_path: Path) -> None:
    told = _told(
        tmp_path,
        """
send:
  url: ftp://p.example
  body: {form: {to: "{too}", text: "{text"}}
  headers: {"X Y": "1"}
  charset: nonsense
answer:
  foreign_id: {json: "$.["}
  code: {regex: "("}
  reason: {xpath: "//["}
  rules:
    - {status: 9xx, then: accepted}
    - {json: $.a, xpath: //a, then: accepted}
    - {equals: 1, then: accepted}
    - {then: maybe}
callback: {report: {state: {field: s}, states: {ok: finished}}}
auth: {basic: {username: u}}
sned: 1
""",
    )
    keys = [line.partition(": ")[2].partition(": ")[0] for line in told]
    for key in (
        "send.url",
        "send.body.form.to",
        "send.body.form.text",
        "send.charset",
        "answer.foreign_id.json",
        "answer.code.regex",
        "answer.reason.xpath",
        "answer.rules[0].status",
        "answer.rules[1]",
        "answer.rules[2]",
        "answer.rules[3].then",
        "callback.report.states.ok",
        "auth.basic.password",
        "sned",
    ):
        assert key in keys, told
    assert told[0].startswith("1: send.url: ")
    assert any("there is no value 'too'" in line for line in told)
    assert any(line.startswith("3: send.headers") for line in told)


def test_what_only_shows_together_is_told_together(tmp_path: Path) -> None:
    (told,) = _told(
        tmp_path,
        """
send: {url: /x, query: {key: "{secret:nokey}", id: "{foreign_id}"}, group: 5}
words: {sender: {a: b}}
auth: {form: {k: {env: KEY}}}
""",
    )
    for part in (
        "send.url is a path, which needs 'base_url'",
        "query.key: 'secrets' has no 'nokey'",
        "query.id: there is no 'foreign_id' here",
        "with a 'group' it needs 'each', or 'id_for: request'",
        "words.sender: only coding, flash, priority have words",
        "auth.form: send has no form",
    ):
        assert part in told
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"send": {"url": "https://{to}.example/"}}, "its host cannot depend on values"),
        ({"send": {"url": "https://u:p@p.example/"}}, "is no URL with a host"),
        ({"send": {"url": "https://p.example/a b"}}, "must be percent-encoded"),
        ({"send": {"url": "https://p.example/", "body": {"xml": "<a>{to}</b>"}}}, "is no XML"),
        ({"send": {"url": "https://p.example/", "body": {"xml": "<!DOCTYPE a><a>{to}</a>"}}}, "document type"),
        ({"send": {"url": "https://p.example/", "body": {"json": {"a": 1}, "form": {"a": "1"}}}}, "one only"),
        ({"send": {"url": "https://p.example/", "body": {"json": {"a": {"$eech": "{to}"}}}}}, "'$eech' stands alone"),
        ({"send": {"url": "https://p.example/", "body": {"json": ["{nobody}"]}}}, "$[0]: there is no value 'nobody'"),
        ({"answer": {"to": {"json": "$.to"}}}, "'each' must say where they are"),
        ({"auth": {"bearer": "t", "basic": {"username": "u", "password": "p"}}}, "exclude each other"),
        ({"auth": {"hmac": {"key": "k"}}}, "one of 'header' and 'query'"),
        ({"auth": {"hmac": {"key": "k", "query": "s", "signed": "{url}"}}}, "cannot sign {url}"),
        ({"callback": {}}, "one of 'report' and 'incoming'"),
        (
            {"callback": {"report": {"state": {"field": "s"}, "states": {"a": "delivered", "A": "expired"}}}},
            "are the same word",
        ),
        (
            {
                "callback": {
                    "report": {"state": {"field": "s"}, "states": {"a": "delivered"}},
                    "incoming": {"from": {"field": "f"}, "text": {"field": "t"}},
                }
            },
            "'when' must tell them apart",
        ),
        (
            {"poll": {"group": 2, "request": _SEND, "report": {"state": {"json": "$"}, "states": {"a": "delivered"}}}},
            "needs 'foreign_id' or 'message_id'",
        ),
        ({"answer": {"rules": [{"status": "500-400", "then": "stop"}]}}, "ends before it begins"),
        ({"send": {"url": "https://p.example/", "charset": "cp037"}}, "is no charset that ASCII is part of"),
        ({"send": {"url": "https://p.example/", "charset": "utf-16"}}, "is no charset that ASCII is part of"),
        ({"send": {"url": "https://p.example/", "headers": {"Content-length": "1"}}}, "not for you to set"),
        ({"send": {"url": "https://p.example/", "headers": {"X-A": "1", "x-a": "2"}}}, "the same header twice"),
        (
            {
                "send": {"url": "https://p.example/", "query": {"dlr": "{callback_url}"}},
                "callback": {
                    "signature": {"key": "k", "header": "X-S", "signed": "{url}"},
                    "report": {"state": {"field": "s"}, "states": {"a": "delivered"}},
                },
            },
            "{common_callback_url}, give that",
        ),
        ({"send": {"url": "https://p.example/{{x}"}}, "write '}}' for itself"),
    ],
)
def test_what_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        GenericOptions.model_validate({"send": _SEND} | change)
    assert said in str(caught.value)


def test_options_that_travelled_are_the_same() -> None:
    """A list is what a tuple is after the way to another process."""
    rule = {"status": "4xx", "then": "stop"}
    given = {"send": _SEND | {"group": 2}, "answer": {"rules": [rule], "id_for": "request"}}
    options = GenericOptions.model_validate(given)
    again = GenericOptions.model_validate({**given, "answer": {"rules": (rule,), "id_for": "request"}})
    assert options == again


def test_limits_and_abilities_are_those_of_the_options() -> None:
    plugin = load("generic_http")
    small = plugin.fitted_to({"send": _SEND})
    assert (small.group, small.can("states"), small.can("received"), small.can("balance")) == (1, False, False, False)
    send = {"url": "https://p.example/", "query": {"to": "{to}", "text": "{text}", "type": "{coding}"}, "group": 50}
    report = {"foreign_id": {"json": "$.id"}, "state": {"json": "$.s"}, "states": {"ok": "delivered"}}
    poll = {"request": {"url": "https://p.example/{foreign_id}"}, "group": 20, "report": report, "first_s": 3.0}
    large = plugin.fitted_to({"send": send, "answer": {"id_for": "request"}, "poll": poll, "requests_s": 9})
    assert (large.group, large.together, large.requests_s) == (50, ("text", "alphabet"), 9)
    assert (large.poll.group, large.poll.first_s) == (20, 3.0)
    assert large.can("states")
    assert not large.can("lookup")

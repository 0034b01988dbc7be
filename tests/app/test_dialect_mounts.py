"""Which dialects are served where, and refusals of the HTTP engine told in their way."""

import msgspec
import pytest
import yaml

from smsgwd.app import dialect_mounts
from smsgwd.app.dialect_mounts import mounted, mounts_from, mounts_of, refuser
from smsgwd.config import load
from smsgwd.dialects.http import Answer
from smsgwd.model.refusals import Refusal
from smsgwd.net.edge_frames import Log, Setup, Splitter, ToWorker, encode


class Plain:
    """A dialect that says what it is told."""

    owns = ("/plain/",)

    def __init__(self, options):
        self.options = options

    def refused(self, request, asked, refused):
        text = f"{self.options.public_url} {request.method} {request.path} {refused.refusal.code} {refused.detail}"
        return Answer(200, text.encode(), headers=(("X-A", "b"),))


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Loads a configuration with these dialects; SMSPresto and iSMS are `Plain`."""
    monkeypatch.setattr(dialect_mounts, "DIALECTS", {"smspresto": Plain, "isms": Plain})

    def make(**dialects):
        (tmp_path / "tenants.yaml").write_text("tenants: []")
        path = tmp_path / "smsgwd.yaml"
        path.write_text(
            yaml.safe_dump(
                {
                    "node": "n",
                    "public_url": "https://sms.example.net/gw",
                    "data_dir": "data",
                    "tenants_file": "tenants.yaml",
                    "dialects": dialects,
                }
            )
        )
        return load(path, {})

    return make


def test_each_is_told_where_it_is_and_what_it_goes_by(config):
    rows = mounted(config(isms={"prefix": "/a"}, smspresto={"host": ["Presto.example.net", "b"], "tell_which": True}))
    found = {row.name: (row.hosts, row.prefix, row.options) for row in rows}
    assert found == {
        "isms": ((), "/a", {"public_url": "https://sms.example.net/gw/a"}),
        "smspresto": (
            ("presto.example.net", "b"),
            "",
            {"public_url": "https://presto.example.net", "tell_which": True},
        ),
    }


def test_one_that_is_switched_off_is_not_there(config):
    assert [row.name for row in mounted(config(isms={"enabled": False}))] == ["smspresto"]
    nothing = mounts_of(config(isms={"enabled": False}, smspresto={"enabled": False}))
    assert refuser(nothing) is None


def test_rows_come_to_a_worker_as_they_were(config):
    rows = mounted(config(isms={"prefix": "/a"}, smspresto={"tell_which": True, "host": "b"}))
    setup = Setup(0, [], (-1, 0), {}, [], "", "", Log(), rows)
    ((found,),) = [Splitter(ToWorker).feed(encode(setup))]
    assert found.mounts == rows
    presto = mounts_from(found.mounts).find({"host": "b"}, "/plain/x")
    assert presto is not None
    assert presto.dialect.options.tell_which is True


def test_a_refusal_is_told_in_the_way_of_the_path(config):
    refuse = refuser(mounts_of(config(isms={"prefix": "/a"}, smspresto={"enabled": False})))
    answer = refuse("POST", "/a/plain/x", {"host": "h"}, Refusal.TOO_LARGE, "the body is too large")
    assert (answer.status, answer.headers) == (200, (("Content-Type", "text/plain; charset=utf-8"), ("X-A", "b")))
    assert answer.body == b"https://sms.example.net/gw/a POST /plain/x too_large the body is too large"
    assert refuse("POST", "/v1/messages", {}, Refusal.TOO_LARGE, "") is None


def test_options_that_are_none_are_not_taken():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"public_url": 1}, dialect_mounts.Options)

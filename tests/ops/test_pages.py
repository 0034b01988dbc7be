"""/live, /ready and /metrics."""

import json

import pytest
from twisted.internet.defer import succeed

from smsgwd.net.http_message import HttpRequest
from smsgwd.ops.pages import Health, Pages


def pages(ready=True, phase="running", store=True):
    return Pages(lambda: Health(ready, phase, store, {"http": ["127.0.0.1:80"]}), lambda: succeed(b"# metrics\n"))


def get(page, path, method="GET"):
    return page.handle(HttpRequest(method, path, [], {}, b"", ""))


@pytest.mark.parametrize(
    ("ready", "phase", "store", "status", "why"),
    [
        (True, "running", True, 200, []),
        (False, "starting", False, 503, ["it is starting", "the store is not open"]),
        (False, "running", False, 503, ["the store cannot write"]),
        (False, "draining", True, 503, ["it is draining"]),
        (False, "running", True, 503, ["it takes no messages"]),
    ],
)
def test_ready_says_why(ready, phase, store, status, why):
    answer = get(pages(ready, phase, store), "/ready")
    assert answer.status == status
    assert json.loads(answer.body) == {
        "ready": ready,
        "phase": phase,
        "store": store,
        "listeners": {"http": ["127.0.0.1:80"]},
        "why": why,
    }


def test_live_is_answered_whatever_the_phase():
    answer = get(pages(False, "draining", False), "/live")
    assert (answer.status, json.loads(answer.body)) == (200, {"live": True, "phase": "draining"})


def test_metrics():
    found = []
    get(pages(), "/metrics").addCallback(found.append)
    [answer] = found
    assert (answer.status, answer.body) == (200, b"# metrics\n")
    assert dict(answer.headers)["Content-Type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/other", 404), ("POST", "/ready", 405)])
def test_other_requests(method, path, status):
    answer = get(pages(), path, method)
    assert answer.status == status
    assert json.loads(answer.body)["status"] == status


def test_head_is_taken_like_get():
    assert get(pages(), "/ready", "HEAD").status == 200

"""One request to several numbers: the good ones go, each bad one is refused in its own entry, in the order asked."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_recipients_are_answered_one_by_one(scene: Scene) -> None:
    """Numbers are echoed as written; DELETE and GET of the submission see the accepted ones."""
    smsc, catcher = scene.smsc(), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, routes=[{"match": {"to": "30*"}, "connectors": ["smsc1"]}])
    to = ["+306912345678", "not a number", "+44 7700 900123", "+30 690-000-0001"]
    answer = gateway.tenant.post(to)
    assert answer.status == 202, answer
    entries = answer.body["messages"]
    assert [entry["to"] for entry in entries] == to
    assert [entry["error"] and entry["error"]["code"] for entry in entries] == [
        None,
        "invalid_recipient",
        "no_route",
        None,
    ]
    accepted = [entry["id"] for entry in entries if entry["error"] is None]
    catcher.wait_all(accepted)
    assert sorted(text.dest for text in smsc.texts()) == ["+306900000001", "+306912345678"]
    submission = gateway.tenant.ask("GET", f"/v1/messages/{answer.body['id']}").body
    assert submission["id"] == answer.body["id"]
    assert [view["id"] for view in submission["messages"]] == accepted
    assert gateway.tenant.balance() == "999.9200"  # the refused ones cost nothing


def test_nobody_accepted_is_a_problem_document(scene: Scene) -> None:
    """422 with the entries beside the problem."""
    gateway = scene.gateway(scene.smsc())
    answer = gateway.tenant.post(["x", "y"])
    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["code"] == "invalid_recipient"
    assert [entry["to"] for entry in answer.body["messages"]] == ["x", "y"]

"""A prepaid tenant cannot send more than it has paid for, and what is refused costs nothing."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_balance_is_reserved_with_the_message(scene: Scene) -> None:
    """Two parts at 0.04 from 0.10: taken; a second such message is refused; one part still fits."""
    smsc, catcher = scene.smsc(), scene.catcher()
    tenant = scene.gateway(smsc, catcher=catcher, tenant={"credit": "0.1300"}).tenant
    taken = tenant.post("+306900000001", "x" * 161)
    assert taken.body["messages"][0]["price"] == "0.0800"
    assert tenant.balance() == "0.0500"
    refused = tenant.post("+306900000002", "x" * 161)
    assert (refused.status, refused.body["code"]) == (422, "no_credit")
    assert tenant.balance() == "0.0500"
    some = tenant.post(["+306900000003", "+306900000004"], "one part")
    assert some.status == 202
    assert [entry["error"] and entry["error"]["code"] for entry in some.body["messages"]] == [None, "no_credit"]
    assert tenant.balance() == "0.0100"
    catcher.wait_all([taken.body["messages"][0]["id"], some.body["messages"][0]["id"]])
    assert sorted(text.dest for text in smsc.texts()) == ["+306900000001", "+306900000003"]
    assert tenant.balance() == "0.0100"  # delivered: settled

"""Receipts are matched when their ids are written in another base than the response's, which is learnt by itself."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Scene


@pytest.mark.parametrize(("response", "receipt"), [("hex", "dec"), ("dec", "hex"), ("uuid", "uuid")])
def test_ids_in_another_form_are_matched(scene: Scene, response: str, receipt: str) -> None:
    """With and without the TLVs, as text only is what many SMSCs send."""
    smsc = scene.smsc("--id-form", response, "--receipt-id-form", receipt, "--no-receipt-tlvs", "--id-base", "123450")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(40)
    catcher.wait_all(ids)
    assert set(gateway.tenant.states().values()) == {"delivered"}

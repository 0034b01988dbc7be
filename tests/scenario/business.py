"""What the tests of tenants and money share: operators' commands, tenants made while the gateway runs, their books."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any

from tests.scenario.client import Tenant, wait
from tests.scenario.esme import DELIVER_SM, ENQUIRE_LINK, RESPONSE, SUBMIT_SM, Esme, submit_body
from tests.scenario.harness import Gateway
from tests.scenario.stand_esme import PASSWORD

Answered = dict[str, Any]


def told(gateway: Gateway, noun: str, verb: str, **params: str) -> Any:
    """What a command answers; AssertionError when it is refused."""
    answer = gateway.command(noun, verb, **params)
    assert not _is_problem(answer), answer
    return answer


def refused(gateway: Gateway, noun: str, verb: str, **params: str) -> str:
    """Why a command is refused; AssertionError when it is not, or when the gateway failed at it."""
    answer = gateway.command(noun, verb, **params)
    assert _is_problem(answer), f"{noun} {verb} was carried out: {answer}"
    assert answer["code"] in ("invalid", "malformed", "not_found"), answer
    return str(answer["detail"])


def _is_problem(answer: Any) -> bool:
    return isinstance(answer, dict) and "code" in answer and "detail" in answer and "type" in answer


def create(gateway: Gateway, tenant_id: str, **options: Any) -> Tenant:
    """A tenant made now, with the token `ID-token` and the SMPP account `ID` unless `credentials` are given."""
    options.setdefault(
        "credentials",
        [
            {"kind": "token", "secret": f"{tenant_id}-token"},
            {"kind": "smpp", "system_id": tenant_id, "secret": PASSWORD},
        ],
    )
    told(gateway, "tenant", "create", json=json.dumps({"id": tenant_id, "currency": "EUR", **options}))
    return client(gateway, tenant_id)


def change(gateway: Gateway, tenant_id: str, **options: Any) -> Any:
    """Other settings for a tenant."""
    return told(gateway, "tenant", "set", id=tenant_id, json=json.dumps(options))


def client(gateway: Gateway, tenant_id: str) -> Tenant:
    """The HTTP client of a tenant of `create`."""
    return Tenant(gateway.http_port, f"{tenant_id}-token")


def funds(gateway: Gateway, tenant_id: str) -> tuple[Decimal | int, Decimal | int]:
    """Balance and reserved."""
    statement = told(gateway, "ledger", "statement", tenant=tenant_id, limit="1")
    return Decimal(statement["balance"]), Decimal(statement["reserved"])


def wait_settled(gateway: Gateway, *tenant_ids: str) -> None:
    """Until nothing is reserved: every message is final."""
    for tenant_id in tenant_ids:
        wait(f"{tenant_id} has nothing reserved", partial(_settled, gateway, tenant_id))


def _settled(gateway: Gateway, tenant_id: str) -> bool:
    return funds(gateway, tenant_id)[1] == 0


def check_books(gateway: Gateway) -> None:
    """Every balance is what its ledger says, and what is reserved is what the open messages cost."""
    answer = told(gateway, "ledger", "check")
    assert answer["problems"] == [], answer


def codes(answer: Any) -> list[str | None]:
    """The refusals of the recipients of a submission, None for each that was accepted."""
    return [entry["error"] and entry["error"]["code"] for entry in answer.body["messages"]]


def code(answer: Any) -> str | None:
    """Why a message to one number was refused; None when it was accepted."""
    if answer.status == 202:
        [found] = codes(answer)
        return found
    return str(answer.body["code"])


def pipelined(esme: Esme, count: int, prefix: str = "30691") -> list[tuple[int, str]]:
    """Submit `count` messages without waiting for answers; the command_status and id of each, in order."""
    sequences = [esme.send(SUBMIT_SM, submit_body(f"{prefix}{number:07d}", b"Hello")) for number in range(count)]
    found: dict[int, tuple[int, str]] = {}
    while len(found) < count:
        pdu = esme.read()
        if pdu.command == SUBMIT_SM | RESPONSE:
            found[pdu.sequence] = (pdu.status, pdu.body.rstrip(b"\0").decode())
        else:
            assert pdu.command in (DELIVER_SM, ENQUIRE_LINK), pdu
            esme.answer(pdu)
    return [found[sequence] for sequence in sequences]


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """What each of these gives, all done in threads of their own at the same time."""
    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]


def receipts(esme: Esme) -> list[str]:
    """The ids of its receipts so far, after a look at what has come."""
    esme.pump(0.05)
    return esme.receipts

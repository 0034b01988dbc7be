"""SOAP clients of others against the running gateway, from the WSDL alone: zeep, and PHP's own where there is PHP."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
import zeep
from zeep.exceptions import Fault

from tests.dialects.sent import Sent, sent
from tests.dialects.stand import Stand
from tests.scenario.client import wait

PORTS = ["ismsSoap", "ismsSoap12"]
WHO = {"username": "isms", "password": "secret-isms"}

_PHP = shutil.which("php")
_HAS_SOAP = _PHP is not None and "soap" in subprocess.run([_PHP, "-m"], capture_output=True, text=True).stdout.split()

#: Reads calls as JSON from its input, writes what came of each.
SCRIPT = r"""
$in = json_decode(stream_get_contents(STDIN), true);
$client = new SoapClient($in['wsdl'], $in['options'] + ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true]);
$out = [];
foreach ($in['calls'] as [$name, $arguments]) {
    try {
        $got = $in['rpc'] ? $client->__soapCall($name, array_map(
            fn($key) => new SoapParam(is_array($arguments[$key]) ? (object) $arguments[$key] : $arguments[$key], $key),
            array_keys($arguments))) : $client->$name($arguments);
        $out[] = is_object($got) ? $got->return : $got;
    } catch (SoapFault $fault) {
        $out[] = 'fault: ' . $fault->faultstring;
    }
}
echo json_encode($out);
"""


def wsdl(stand: Stand, at: str = "main") -> str:
    prefix = "/isms" if at == "other" else ""
    return f"http://127.0.0.1:{stand.gateway(at).http_port}{prefix}/api/soap/?wsdl"


def arrived(stand: Stand, number: str) -> Sent:
    def look() -> Sent | None:
        return next((each for each in sent(stand.net.submits()) if each.to == number), None)

    found = wait(f"{number} at the SMSC", look)
    assert found is not None
    return found


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("at", ["main", "other"])
def test_zeep_sends_and_queries(stand: Stand, port: str, at: str) -> None:
    service = zeep.Client(wsdl(stand, at)).bind("isms", port)
    number = "30691510" + {"main": "1", "other": "2"}[at] + {"ismsSoap": "001", "ismsSoap12": "002"}[port]
    failing = number[:-4] + "0091"
    mid = service.send(
        **WHO, **{"from": "zeep"}, to={"recipients": [number, failing, "12"]}, message="Γεια <σου> & ]]>", flash=True
    )
    assert mid.isalnum() and mid == mid.upper() and len(mid) <= 13
    wait("delivered", lambda: service.query(**WHO, message_id=mid, mobile=number) == "Delivered")
    wait("failed", lambda: service.query(**WHO, message_id=mid.lower(), mobile=failing) == "Failed")
    assert service.query(**WHO, message_id=mid, mobile="12") == "Failed"
    assert arrived(stand, number).text == "Γεια <σου> & ]]>"


@pytest.mark.parametrize("port", PORTS)
def test_zeep_is_told_by_faults(stand: Stand, port: str) -> None:
    service = zeep.Client(wsdl(stand)).bind("isms", port)

    def fault(call: Any, **arguments: Any) -> str:
        with pytest.raises(Fault) as caught:
            call(**arguments)
        return caught.value.message

    good = {**WHO, "from": "zeep", "to": {"recipients": ["306915103000"]}, "message": "x", "coding": "GSM"}
    assert fault(service.send, **(good | {"password": "wrong"})) == "Authentication error."
    assert fault(service.send, **(good | {"to": {"recipients": []}})) == "No recipients."
    assert fault(service.send, **(good | {"from": ""})) == "Invalid sender identity."
    strict = good | {"username": "isms-strict", "password": "secret-isms-strict"}
    assert fault(service.send, **strict) == "Invalid sender identity."
    poor = good | {"username": "isms-poor", "password": "secret-isms-poor", "message": "x" * 161}
    assert fault(service.send, **poor) == "Insufficient credits."
    query = {**WHO, "message_id": "1", "mobile": "306915103000"}
    assert fault(service.query, **(query | {"username": "nobody"})) == "Authentication error."
    assert fault(service.query, **(query | {"message_id": ""})) == "No message ID defined."
    assert fault(service.query, **(query | {"mobile": ""})) == "No mobile defined."
    assert fault(service.query, **query) == "No such message or recipient."


def php(calls: list[tuple[str, dict[str, Any]]], *, rpc: bool = False, wsdl: str | None, **options: Any) -> list[str]:
    assert _PHP is not None
    given = {"wsdl": wsdl, "options": options or {"trace": False}, "calls": calls, "rpc": rpc}
    run = subprocess.run([_PHP, "-r", SCRIPT], input=json.dumps(given), capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stdout + run.stderr
    found: list[str] = json.loads(run.stdout)
    return found


@pytest.mark.skipif(not _HAS_SOAP, reason="there is no PHP with its SOAP extension here")
@pytest.mark.parametrize(
    ("tail", "options"),
    [
        ("001", {"soap_version": 1}),
        ("002", {"soap_version": 2}),
        ("003", {"soap_version": 1, "rpc": True, "uri": "urn:old"}),
        ("004", {"soap_version": 2, "rpc": True, "uri": "urn:old"}),
    ],
)
def test_php_sends_and_queries(stand: Stand, tail: str, options: dict[str, Any]) -> None:
    options = dict(options)
    address: str | None = wsdl(stand)
    rpc = options.pop("rpc", False)
    if rpc:  # without a WSDL: the encoding of SOAP 1.1 section 5
        options["location"], address = wsdl(stand).partition("?")[0], None
    number = "306915104" + tail
    message = {**WHO, "from": "php", "to": {"recipients": [number, "12"]}, "message": "Γεια", "flash": True}
    mid, refused = php([("send", message), ("send", message | {"password": "wrong"})], rpc=rpc, wsdl=address, **options)
    assert (mid.isalnum(), refused) == (True, "fault: Authentication error.")
    assert arrived(stand, number).text == "Γεια"
    query = {**WHO, "message_id": mid, "mobile": number}
    wait("delivered", lambda: php([("query", query)], rpc=rpc, wsdl=address, **options) == ["Delivered"])
    told = php([("query", query | {"mobile": "12"}), ("query", query | {"mobile": "306900000000"})], rpc=rpc,
               wsdl=address, **options)  # fmt: skip
    assert told == ["Failed", "fault: No such message or recipient."]

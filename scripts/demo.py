"""What scripts/run runs: gateway, SMSC simulator and webhook catcher as processes, and messages sent through them.

Every step is printed. Without --once it stays up on the development configuration until Ctrl-C, which drains.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import queue
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # it is run as a file

from scripts.demo_data import NUMBERS, TRAFFIC, Traffic, fill
from scripts.demo_processes import BIN, ROOT, Child, DemoError, children
from smsgwd.simulator.esme import Esme, EsmeError
from smsgwd.simulator.free_ports import free_ports
from smsgwd.smpp.pdu import DeliverSm

PATIENCE_S = 60.0
AUTH = {"Authorization": "Bearer demo-token", "Content-Type": "application/json"}
WEBHOOK_PORT = 8090
SMPP_ACCOUNT = ("demo", "demo")
TEXTS = [
    ("a GSM text", "Hello from smsgwd, price 5€ [ok]"),
    (
        "a 3-part Greek text",
        "Καλημέρα από την πύλη μηνυμάτων. Το κείμενο αυτό είναι μεγαλύτερο από ένα σύντομο μήνυμα και θα φτάσει στο"
        " τηλέφωνό σας σε τρία μέρη, με τη σωστή σειρά και με μία μόνο απόδειξη παράδοσης.",
    ),
    ("an emoji text", "Your parcel is here 📦🎉👩‍👩‍👧"),
]


def private_copy(directory: Path, smsc_port: int) -> Path:
    """The development configuration with free ports and everything it writes in `directory`."""
    config = yaml.safe_load((ROOT / "etc" / "smsgwd.dev.yaml").read_text())
    for listener in config["listeners"].values():
        listener["listen"] = f"127.0.0.1:{free_ports(1)[0]}"
    config["public_url"] = f"http://{config['listeners']['http']['listen']}"
    config["connectors"][0]["port"] = smsc_port
    shutil.copy(ROOT / "etc" / config["tenants_file"], directory / "tenants.yaml")
    config["tenants_file"] = "tenants.yaml"
    path = directory / "smsgwd.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def request(address: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """One HTTP request; the status and the parsed JSON answer."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), AUTH)
        answer = connection.getresponse()
        data = answer.read()
        return answer.status, json.loads(data) if data[:1] in (b"{", b"[") else data
    finally:
        connection.close()


def wait_ready(gateway: Child, ops: str, until: float) -> None:
    """Until /ready answers 200."""
    while time.monotonic() < until:
        gateway.check()
        with contextlib.suppress(OSError):
            if request(ops, "GET", "/ready")[0] == 200:
                return
        time.sleep(0.05)
    raise DemoError("the gateway did not become ready")


def send_over_http(http_address: str, hook: str, catcher: Child, gateway: Child, until: float) -> None:
    """Send the demonstration texts one by one and follow each to the push of its receipt."""
    for number, (what, text) in enumerate(TEXTS):
        print(f"\n-- HTTP: {what}: {text[:60]}{'…' if len(text) > 60 else ''}")
        status, answer = request(
            http_address,
            "POST",
            "/v1/messages",
            {"from": "iSMS", "to": f"+30691234567{number}", "text": text, "dlr_url": f"{hook}/dlr"},
        )
        if status != 202:
            raise DemoError(f"POST /v1/messages answered {status}: {answer}")
        entry = answer["messages"][0]
        print(f"   202     id {entry['id']}, {entry['parts']} part(s), {entry['encoding']}, price {entry['price']}")
        _follow(http_address, entry["id"], gateway, until)
        push = _push(catcher, entry["id"], until)
        print(f"   pushed  {push['type']} to {hook}/dlr")


def _follow(http_address: str, message_id: str, gateway: Child, until: float) -> None:
    """Print `sent` and `delivered` as the gateway reports them."""
    shown: set[str] = set()
    while time.monotonic() < until:
        gateway.check()
        status, view = request(http_address, "GET", f"/v1/messages/{message_id}")
        if status != 200:
            raise DemoError(f"GET /v1/messages/{message_id} answered {status}: {view}")
        for state, at in (("sent", view["sent_at"]), (view["state"], view["done_at"])):
            if at and state not in shown:
                shown.add(state)
                print(f"   {state:9} {at}" + (f" by {view['connector']}" if state == "sent" else ""))
        if view["done_at"]:
            if view["state"] != "delivered":
                raise DemoError(f"message {message_id} ended {view['state']}: {view['error']}")
            return
        time.sleep(0.05)
    raise DemoError(f"message {message_id} was not delivered in time; the last seen state is {view['state']}")


def _push(catcher: Child, message_id: str, until: float) -> dict[str, Any]:
    """The receipt pushed for a message."""
    while time.monotonic() < until:
        with contextlib.suppress(queue.Empty):
            line = catcher.lines.get(timeout=0.2)
            body = line.get("body") or {}
            if line.get("event") == "push" and body.get("id") == message_id:
                return dict(body)
    raise DemoError(f"the receipt of message {message_id} was not pushed in time")


def send_in_styles(http_address: str, hook: str, catcher: Child, gateway: Child, until: float) -> None:
    """Send as customers of iSMS.gr and SMS Club do, and follow each message in the provider's own way."""
    print("\n-- iSMS.gr's API: GET /api/http/send.php")
    account = {"username": "demo", "password": "demo"}
    back = f"{hook}/isms?id=%I&to=%p&state=%d"
    said = _text(
        http_address,
        "/api/http/send.php",
        {**account, "from": "iSMS", "to": "306912345675", "message": "Γειά σου", "dlr-url": back},
    )
    print(f"   answer  {said}")
    mid = said.removeprefix("ID:")
    if mid == said:
        raise DemoError(f"send.php answered {said}")
    query = {**account, "mid": mid, "mobile": "306912345675"}
    _until(lambda: _text(http_address, "/api/http/query.php", query), "Status: Delivered", gateway, until)
    print(f"   called  GET {_callback(catcher, '/isms?', until)}")

    print("\n-- SMS Club's API: POST /sms/send")
    text = f"Hello at {time.strftime('%H:%M:%S')}"  # within two minutes the same one would be a duplicate
    status, answer = request(
        http_address, "POST", "/sms/send", {"phone": ["306912345676"], "message": text, "src_addr": "SMS Club"}
    )
    print(f"   answer  {json.dumps(answer)}")
    if status != 200 or "success_request" not in answer:
        raise DemoError(f"POST /sms/send answered {status}: {answer}")
    (number,) = answer["success_request"]["info"]

    def state() -> str:
        found = request(http_address, "POST", "/sms/status", {"id_sms": [number]})[1]
        return str(found["success_request"]["info"][number])

    _until(state, "DELIVRD", gateway, until)


def _text(address: str, path: str, query: dict[str, str]) -> str:
    """What a GET says."""
    answer = request(address, "GET", f"{path}?{urlencode(query)}")[1]
    return answer.decode().strip() if isinstance(answer, bytes) else str(answer)


def _until(ask: Callable[[], str], wanted: str, gateway: Child, until: float) -> None:
    """Ask until the answer is the one that is wanted, and print it."""
    said = ""
    while time.monotonic() < until:
        gateway.check()
        said = ask()
        if said == wanted:
            print(f"   state   {said}")
            return
        time.sleep(0.2)  # SMS Club's customers have nine requests a second
    raise DemoError(f"the state did not become {wanted} in time; the last seen one is {said}")


def _callback(catcher: Child, begins: str, until: float) -> str:
    """The target of the callback that begins so."""
    while time.monotonic() < until:
        with contextlib.suppress(queue.Empty):
            line = catcher.lines.get(timeout=0.2)
            if str(line.get("target", "")).startswith(begins):
                return str(line["target"])
    raise DemoError(f"no callback to {begins} came in time")


def send_over_smpp(smpp_address: str, gateway: Child, until: float) -> None:
    """Bind, submit one text with registered_delivery 1 and wait for the deliver_sm with its receipt."""
    host, _, port = smpp_address.rpartition(":")
    text = "Hello over SMPP"
    print(f"\n-- SMPP: {text}")
    try:
        with Esme((host, int(port)), timeout_s=max(1.0, until - time.monotonic())) as esme:
            esme.bind(*SMPP_ACCOUNT)
            print(f"   bound   to {smpp_address} as transceiver, system_id {SMPP_ACCOUNT[0]}")
            message_id = esme.submit("306912345679", text.encode())
            print(f"   answer  submit_sm_resp ESME_ROK, message_id {message_id}")
            receipt = esme.next_delivery()
            said = receipt.short_message.decode("latin-1") if isinstance(receipt, DeliverSm) else str(receipt)
            print(f"   receipt deliver_sm: {said}")
            if f"id:{message_id} " not in said or "stat:DELIVRD" not in said:
                raise DemoError(f"that is no receipt of message {message_id} as delivered")
            esme.unbind()
    except EsmeError as problem:
        gateway.check()
        raise DemoError(f"over SMPP: {problem}") from None


def admin_socket(config: Path) -> Path:
    """Where a configuration has the admin socket."""
    return config.parent / str(yaml.safe_load(config.read_text())["admin"]["socket"])


def send_data_to_look_at(http_address: str) -> None:
    """What the console shows more than four messages of."""
    try:
        made = fill(lambda method, path, body: request(http_address, method, path, body))
    except RuntimeError as problem:
        raise DemoError(str(problem)) from None
    print(f"\n-- To look at: {made}")


def show_hints(http_address: str, smpp_address: str, ops: str, hook: str, config: Path) -> None:
    """The lines to paste."""
    port = smpp_address.rpartition(":")[2]
    tool = BIN.relative_to(ROOT) if BIN.is_relative_to(ROOT) else BIN
    socket_path = admin_socket(config)
    print(
        f"""
Up. The console:

  http://{ops}/ui/        for operators: log in as demo, password demo
  http://{http_address}/ui/        for tenants: log in as demo, password demo

The tenant {TRAFFIC} sends a message a second, so that something moves. Paste any of these:

  curl -s http://{http_address}/v1/messages -H 'Authorization: Bearer demo-token' \\
       -H 'Content-Type: application/json' \\
       -d '{{"from":"iSMS","to":"+306912345678","text":"Hello","dlr_url":"{hook}/dlr"}}'
  curl -s -u demo:demo 'http://{http_address}/v1/messages?limit=5'
  curl -s -u demo:demo http://{http_address}/v1/balance
  curl -s http://{ops}/metrics

  # as a customer of iSMS.gr, and of SMS Club; docs/dialects/ has the others
  curl -s 'http://{http_address}/api/http/send.php?username=demo&password=demo&from=iSMS&to=306912345678&message=Hello'
  curl -s http://{http_address}/sms/send -H 'Authorization: Bearer demo-token' \\
       -d '{{"phone":["306912345678"],"message":"Your parcel is here","src_addr":"SMS Club"}}'

  {tool}/smsgwctl --socket {os.path.relpath(socket_path)} status
  {tool}/smsgwd simulate esme --port {port} --system-id {SMPP_ACCOUNT[0]} --password {SMPP_ACCOUNT[1]} \\
       --to 306912345678 --text Hello

Any SMPP 3.4 client can bind to {smpp_address}: system_id {SMPP_ACCOUNT[0]}, password {SMPP_ACCOUNT[1]}.

The API is described at http://{http_address}/docs. Ctrl-C drains and stops.
"""
    )


def demonstrate(once: bool, directory: Path, running: list[Child]) -> None:
    """Start everything, send, and (without `once`) stay up."""
    started = time.monotonic()
    smsc = Child(
        "the SMSC simulator", "smsgwd", "simulate", "smsc", "--port", "0" if once else "2776", "--dlr-delay-ms", "300",
        "--numbers", NUMBERS, log=directory / "smsc.log",
    )  # fmt: skip
    running.append(smsc)
    smsc_port = smsc.port(started + 30)
    catcher = Child(
        "the webhook catcher", "smsgwd", "simulate", "webhook", "--port", "0" if once else str(WEBHOOK_PORT), "--show",
        log=directory / "webhook.log",
    )  # fmt: skip
    running.append(catcher)
    hook = f"http://127.0.0.1:{catcher.port(started + 30)}"
    config = private_copy(directory, smsc_port) if once else ROOT / "etc" / "smsgwd.dev.yaml"
    listeners = yaml.safe_load(config.read_text())["listeners"]
    http_address, ops, smpp_address = (listeners[name]["listen"] for name in ("http", "ops", "smpp"))
    print(f"SMSC simulator on port {smsc_port}, webhook catcher at {hook}")
    begun = time.monotonic()
    until = begun + PATIENCE_S
    gateway = Child("the gateway", "smsgwd", "run", "-c", str(config), log=directory / "gateway.log")
    running.insert(0, gateway)  # stopped first: it drains while its SMSC is still there
    wait_ready(gateway, ops, until)
    print(f"gateway ready at http://{http_address} and SMPP {smpp_address} after {time.monotonic() - begun:.1f} s")
    send_over_http(http_address, hook, catcher, gateway, until)
    send_in_styles(http_address, hook, catcher, gateway, until)
    send_over_smpp(smpp_address, gateway, until)
    send_data_to_look_at(http_address)
    print(f"\nAll receipts have come back, {time.monotonic() - begun:.1f} s after the gateway's start.")
    if once:
        status = gateway.stop()
        if status != 0:
            raise DemoError(f"the gateway stopped with status {status}")
        return
    try:
        traffic = Traffic([str(BIN / "smsgwctl"), "--socket", str(admin_socket(config))], http_address)
    except RuntimeError as problem:
        raise DemoError(str(problem)) from None
    show_hints(http_address, smpp_address, ops, hook, config)
    try:
        while True:
            gateway.check()
            with contextlib.suppress(queue.Empty):
                line = catcher.lines.get(timeout=1)
                if line.get("event") == "push" and "target" in line:
                    print(f"called: {line['method']} {line['target']} {line['form']}")
                elif line.get("event") == "push":
                    print(f"pushed: {json.dumps(line.get('body'), ensure_ascii=False)}")
    finally:
        traffic.stop()


def _interrupted(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Exit status 0 when every receipt was pushed."""
    parser = argparse.ArgumentParser(prog="scripts/run", description=__doc__)
    parser.add_argument("--once", action="store_true", help="free ports, a temporary data directory, stop at the end")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupted)
    with tempfile.TemporaryDirectory(prefix="smsgwd-") as directory:
        try:
            with children() as running:
                demonstrate(options.once, Path(directory), running)
        except DemoError as error:
            print(f"\nFAILED: {error}", file=sys.stderr)
            for log in sorted(Path(directory).glob("*.log")):
                tail = log.read_text(errors="replace")[-2000:].strip()
                if tail:
                    print(f"\n--- {log.name}\n{tail}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nDrained and stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

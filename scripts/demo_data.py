"""What makes the console worth a look: an address book, templates, senders, links, scheduled messages and a history of
the demonstration's tenant, and a second tenant that sends a message now and then."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import random
import subprocess
import threading
from collections.abc import Callable
from typing import Any

#: One request: method, path, body → status and answer.
Ask = Callable[[str, str, object], tuple[int, Any]]

#: What the SMSC simulator does with numbers that end so: something goes wrong now and then, as it does.
NUMBERS = "07:UNDELIV,13:EXPIRED,41:REJECTD,99:0x0B"
TRAFFIC = "traffic"
_EVERY_S = 1.0
_PEOPLE = (
    ("Maria", "Pappa", "GR", "30691"), ("Νίκος", "Γεωργίου", "GR", "30694"), ("Ελένη", "Δήμου", "GR", "30697"),
    ("Andrei", "Popescu", "RO", "40721"), ("Ioana", "Ștefan", "RO", "40744"), ("Олена", "Шевченко", "UA", "38050"),
    ("Тарас", "Бондар", "UA", "38067"), ("Camille", "Moreau", "FR", "33612"), ("Louis", "Lefèvre", "FR", "33677"),
    ("Оля", "Иванова", "UA", "38099"), ("Alice", "Smith", "GB", "44771"), ("Bob", "Jones", "GB", "44780"),
)  # fmt: skip
_TEMPLATES = {
    "appointment": "Dear {name}, your appointment is on {date} at {time}.",
    "parcel": "Your parcel {number} is on its way. Follow it: {link}",
    "υπενθύμιση": "Υπενθύμιση: το ραντεβού σας είναι στις {time}.",
}
_TEXTS = (
    "Your code is {code}. Tell it to nobody.",
    "Your parcel arrives today between 14:00 and 16:00.",
    "Η παραγγελία σας είναι έτοιμη για παραλαβή.",
    "Ваше замовлення готове до отримання.",
    "Votre rendez-vous est confirmé pour demain à 10 h.",
    "Comanda dumneavoastră a fost expediată.",
    "Sale until Sunday: 20 % off everything, in the shop and online. We look forward to seeing you! If you want no more"
    " messages, answer STOP to this number at any time, and you will get none.",
)
_SENDERS = ("MyShop", "Parcels", "Clinic")


def fill(ask: Ask, messages: int = 240) -> str:
    """Give the tenant that `ask` speaks for an address book and a history, unless it has one; what was made, in words.
    Raises RuntimeError where the API refuses any of it."""
    if _good(ask("GET", "/v1/contacts?limit=1", None))["contacts"]:
        return "the demonstration data of an earlier run is there"
    drawn = random.Random(7)
    numbers = []
    for (first, last, country, prefix), twice in itertools.product(_PEOPLE, range(2)):
        number = f"+{prefix}{drawn.randrange(10**7):07}"[:13]
        numbers.append(number)
        contact = {"number": number, "first_name": first, "last_name": last, "country": country}
        _good(ask("POST", "/v1/contacts", contact | ({"comments": "prefers mornings"} if twice else {})))
    for name, members in (("customers", numbers[:18]), ("vip", numbers[2:24:5])):
        _good(ask("POST", "/v1/groups", {"name": name}))
        _good(ask("POST", f"/v1/groups/{name}/members", {"numbers": members}))
    for name, text in _TEMPLATES.items():
        _good(ask("POST", "/v1/templates", {"name": name, "text": text}))
    for name in ("MyShop", "Clinic"):
        _good(ask("POST", "/v1/senders", {"name": name, "details": {"company": f"{name} Ltd"}}))
    batch = []
    for each in range(messages):
        to = drawn.choice(numbers) if each % 3 else f"+3069{drawn.randrange(10**8):08}"
        text = drawn.choice(_TEXTS).format(code=drawn.randrange(100_000, 1_000_000))
        batch.append({"from": drawn.choice(_SENDERS), "to": to, "text": text, "client_ref": f"order-{1000 + each}"})
    _good(ask("POST", "/v1/messages/batch", {"messages": batch}))
    sale = {
        "from": "MyShop",
        "to_group": "vip",
        "text": "For you before all others: {link}",
        "link": "https://example.net/sale",
    }
    _good(ask("POST", "/v1/messages", sale))
    for phrase, text in (("tomorrow 10:00", "We open at ten"), ("next monday 9:00", "A new week, a new offer")):
        _good(
            ask(
                "POST", "/v1/messages", {"from": "MyShop", "to_group": "customers", "text": text, "schedule_at": phrase}
            )
        )
    return f"{len(numbers)} contacts, 2 groups, {len(_TEMPLATES)} templates and {messages} messages of the tenant demo"


def _good(answer: tuple[int, Any]) -> Any:
    status, body = answer
    if status >= 300:
        raise RuntimeError(f"the demonstration data was answered {status}: {body}")
    return body


class Traffic:
    """The second tenant, in a thread: a message a second until `stop`, so that there is something to see."""

    def __init__(self, ctl: list[str], http_address: str) -> None:
        """`ctl`: smsgwctl with its socket. Raises RuntimeError when the tenant cannot be made."""
        self._address = http_address
        self._stopped = threading.Event()
        self._ctl(ctl, "tenant", "create", f"id={TRAFFIC}", "price=0.0300", "region=GR")
        self._ctl(ctl, "credential", "add", f"tenant={TRAFFIC}", "kind=token", "name=demo", f"secret={TRAFFIC}-token")
        threading.Thread(target=self._send, daemon=True).start()

    def stop(self) -> None:
        """Send no more."""
        self._stopped.set()

    @staticmethod
    def _ctl(ctl: list[str], *words: str) -> None:
        done = subprocess.run([*ctl, *words], capture_output=True, text=True, timeout=30)
        if done.returncode and "already" not in done.stdout + done.stderr:  # of an earlier run
            raise RuntimeError(f"{' '.join(words[:2])}: {done.stderr.strip() or done.stdout.strip()}")

    def _send(self) -> None:
        drawn = random.Random()
        headers = {"Authorization": f"Bearer {TRAFFIC}-token", "Content-Type": "application/json"}
        while not self._stopped.wait(_EVERY_S * drawn.uniform(0.2, 1.8)):
            body = {
                "from": drawn.choice(_SENDERS),
                "to": f"+3069{drawn.randrange(10**8):08}",
                "text": drawn.choice(_TEXTS).format(code=drawn.randrange(100_000, 1_000_000)),
            }
            with contextlib.suppress(OSError, http.client.HTTPException):  # the gateway is stopping, or was restarted
                connection = http.client.HTTPConnection(self._address, timeout=10)
                connection.request("POST", "/v1/messages", json.dumps(body), headers)
                connection.getresponse().read()
                connection.close()

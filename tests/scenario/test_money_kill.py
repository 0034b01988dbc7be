"""kill -9 in the middle of paid traffic, payments and changes of tenants: the books are right, and nothing is lost."""

from __future__ import annotations

import contextlib
import http.client
import signal
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from tests.scenario.business import check_books, codes, create, funds, pipelined, wait_settled
from tests.scenario.client import Tenant, wait
from tests.scenario.esme import Closed, Esme
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import PASSWORD, check_sound

LOST = (OSError, http.client.HTTPException, Closed, ValueError)  # a gateway that was killed while it was asked


class _Crowd:
    """Threads that use a gateway, killed or not, until they are told to stop; `taken` is what it accepted."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._done = threading.Event()
        self._wrong: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self.taken: set[str] = set()
        self.paid: set[str] = set()

    def start(self) -> None:
        """Two that submit over HTTP, two over SMPP, one that pays."""
        self._done.clear()
        works: list[Callable[[], None]] = [self._http, self._http, self._smpp, self._smpp, self._payer]
        self._threads = [threading.Thread(target=self._run, args=(work,), daemon=True) for work in works]
        for thread in self._threads:
            thread.start()

    def has(self, count: int) -> bool:
        """True when more than `count` were accepted."""
        return len(self.taken) > count

    def stop(self) -> None:
        """Wait until all have ended; raises what went wrong."""
        self._done.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        if self._wrong:
            raise self._wrong[0]

    def _run(self, work: Callable[[], None]) -> None:
        try:
            while not self._done.is_set():
                with contextlib.suppress(*LOST):
                    work()
        except BaseException as error:
            self._wrong.append(error)

    def _http(self) -> None:
        answer = Tenant(self._gateway.http_port, "child-token").post([f"+30690000{n:04d}" for n in range(20)])
        if answer.status == 202:
            assert codes(answer) == [None] * 20
            self.taken |= {entry["id"] for entry in answer.body["messages"]}

    def _smpp(self) -> None:
        esme = Esme(self._gateway.smpp_port, patience_s=5)
        try:
            if esme.bind("child", PASSWORD) == 0:
                self.taken |= {message_id for status, message_id in pipelined(esme, 20) if status == 0}
        finally:
            esme.close()

    def _payer(self) -> None:
        reference = f"pay-{len(self.paid)}"
        answer = self._gateway.command("ledger", "topup", tenant="reseller", amount="1", reference=reference)
        if "entry" in answer or "nothing was booked" in answer["detail"]:
            self.paid.add(reference)


def test_books_are_right_after_kills(scene: Scene) -> None:
    """Three kills; every accepted message is there, everybody has paid for exactly those, payments are booked once."""
    gateway = scene.gateway(scene.smsc(), smpp={})
    create(gateway, "reseller", credit="1000", price="0.03")
    tenant = create(gateway, "child", parent="reseller", credit="1000", price="0.05")
    crowd = _Crowd(gateway)
    for _ in range(3):
        before = len(crowd.taken)
        crowd.start()
        wait("it is under way", partial(crowd.has, before + 300))
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        crowd.stop()
        gateway.start()
        gateway.wait_ready()
        check_books(gateway)
    wait_settled(gateway, "child", "reseller")
    states = tenant.states()
    assert crowd.taken <= states.keys()
    assert set(states.values()) == {"delivered"}
    assert funds(gateway, "child")[0] == 1000 - len(states) * Decimal("0.05")
    # A payment whose answer was lost may be booked: it is asked for again, and never twice.
    orders = Tenant(gateway.http_port, "reseller-token").ask("GET", "/v1/orders?limit=1000").body
    references = [order["reference"] for order in orders["orders"] if order["reference"]]
    assert len(references) == len(set(references))
    assert set(references) >= crowd.paid
    assert funds(gateway, "reseller")[0] == 1000 + len(references) - len(states) * Decimal("0.03")
    check_books(gateway)
    check_sound(gateway)

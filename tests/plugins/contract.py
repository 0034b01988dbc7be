"""The contract every provider plugin keeps, tried on the daemon between a tenant and the provider's simulator.

A file a plugin derives `Contract`; all its facts share one gateway and one simulator. Connector `p1` sends again what
has no answer, `p2` (numbers 306920...) waits for its report, `p3` (306930...) has a simulator of its own and a limit.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.plugins.suppliers import Supplier
from tests.scenario.harness import SIMULATE, Child, Gateway, Scene, ask, scene_in, wait

LIMIT = 5  #: requests a second of p3
WINDOW = 3  #: requests without an answer of each connector


class Stand:
    """A supplier's simulators, and a gateway that sends by them."""

    def __init__(self, scene: Scene, supplier: Supplier) -> None:
        self.supplier = supplier
        self._scene = scene
        self._numbers = itertools.count(1)
        self.simulator = self._simulate("supplier")
        self.port = self.simulator.port()
        self.limited = self._simulate("limited", "--throttle", "0").port()
        connectors = [
            self._connector("p1", self.port),
            self._connector("p2", self.port, unknown_outcome="wait"),
            self._connector("p3", self.limited, requests_per_s=LIMIT, account_group="limited"),
        ]
        routes = [
            {"match": {"to": "306920*"}, "connectors": ["p2"]},
            {"match": {"to": "306930*"}, "connectors": ["p3"]},
            {"match": {"to": "*"}, "connectors": ["p1"]},
        ]
        self.gateway: Gateway = scene.gateway(connectors=connectors, routes=routes)
        for name in ("p1", "p2", "p3"):
            self.wait_running(name)
        if supplier.set_up_callback:
            for port, name in ((self.port, "p1"), (self.limited, "p3")):
                self.set(port, callback_url=self.shown(name)["provider"]["callback_url"])

    def _simulate(self, name: str, *flags: str, port: int = 0) -> Child:
        supplier = self.supplier
        command = [*SIMULATE, "provider", supplier.simulator, "--port", str(port), *supplier.flags, *flags]
        child = Child(name, command, self._scene.directory)
        self._scene.add(child)
        child.start()
        child.port()
        return child

    def _connector(self, name: str, port: int, **more: Any) -> dict[str, Any]:
        return {
            "id": name,
            "kind": "provider",
            "provider": self.supplier.name,
            "account_group": "account",
            "options": self.supplier.options(f"http://127.0.0.1:{port}"),
            "window": WINDOW,
            "group": self.supplier.group,
            "timers": {"connect_s": 2, "answer_s": 1.5, "call_s": 8},
            "retry": {"waits_s": [0.3], "attempts": 100},
            "polling": {"first_s": 0.5, "longest_s": 1},
            "suspend_s": 3600,
            "balance_every_s": 0,
            "failover_after_s": None,
            "requests_per_s": self.supplier.requests_per_s,
            **more,
        }

    # -- the gateway
    def wait_running(self, name: str) -> None:
        """Until the plugin of a connector runs."""
        wait(f"{name} runs", lambda: self.shown(name)["provider"]["state"] == "running")

    def shown(self, name: str) -> Any:
        """`connector show`."""
        return self.gateway.command("connector", "show", id=name)

    def number(self, prefix: str = "306910") -> str:
        """A number that no test has used."""
        return f"{prefix}{next(self._numbers):06d}"

    def send(self, to: str | None = None, **fields: Any) -> tuple[str, str]:
        """Send a message; its id and recipient."""
        to = to or self.number()
        return self.gateway.tenant.send(to, f"Text for {to}", **fields), to

    def delivered(self, message_id: str) -> Any:
        """Wait until it is."""
        return self.gateway.tenant.wait_state(message_id, "delivered")

    # -- the simulator
    def control(self, path: str, body: object = None, port: int = 0) -> Any:
        """Ask the simulator."""
        answer = ask(port or self.port, "GET" if body is None else "POST", f"/_sim/{path}", body)
        assert answer.status == 200, answer
        return answer.body

    def set(self, port: int, **options: Any) -> None:
        """Change its options."""
        self.control("set", options, port)

    def next(self, *answers: dict[str, Any]) -> None:
        """What becomes of the next sends."""
        self.control("next", {"answers": list(answers)})

    def taken(self, number: str, port: int = 0) -> int:
        """How often it has taken a message for a number."""
        return sum(each["to"].lstrip("+") == number for each in self.control("messages", port=port))


class Contract:
    """Derive it for a plugin: `class TestName(Contract): supplier = ...`."""

    supplier: ClassVar[Supplier]

    @pytest.fixture(scope="class")
    @classmethod
    def stand(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
        """One for all facts of a plugin."""
        with scene_in(tmp_path_factory.mktemp("contract")) as scene:
            try:
                yield Stand(scene, cls.supplier)
            finally:
                if request.session.testsfailed:
                    print(scene.logs())

    def test_one_message_is_delivered(self, stand: Stand) -> None:
        message_id, number = stand.send()
        view = stand.delivered(message_id)
        assert view["connector"] == "p1" and stand.taken(number) == 1

    def test_many_go_in_groups_and_each_is_taken_once(self, stand: Stand) -> None:
        before = stand.control("stats")["requests"]
        numbers = [stand.number() for _ in range(60)]
        answer = stand.gateway.tenant.post(numbers, "The same for all of you")
        for entry in answer.body["messages"]:
            stand.delivered(entry["id"])
        taken = [each["to"].lstrip("+") for each in stand.control("messages")]
        assert all(taken.count(number) == 1 for number in numbers)
        if stand.supplier.group > 1:
            assert stand.control("stats")["requests"] - before < len(numbers)

    def test_a_long_text_arrives_whole_under_one_id(self, stand: Stand) -> None:
        number = stand.number()
        text = "Ένα μακρύ κείμενο & <τέλος> 100% " * 6
        answer = stand.gateway.tenant.post(number, text)
        assert answer.body["messages"][0]["parts"] > 1
        stand.delivered(answer.body["messages"][0]["id"])
        (found,) = [each for each in stand.control("messages") if each["to"].lstrip("+") == number]
        assert found["text"] == text

    def test_every_error_of_its_page_does_what_it_shall(self, stand: Stand) -> None:
        supplier = stand.supplier
        known = {name for name, error in stand.control("errors").items() if error["sends"]}
        assert known == set(supplier.errors)
        for name, ends in supplier.errors.items():
            stand.next({"error": name})
            message_id, number = stand.send()
            if ends == "delivered":
                stand.delivered(message_id)
            elif ends == "rejected":
                error = stand.gateway.tenant.wait_state(message_id, "rejected")["error"]
                assert error["code"] == "smsc_rejected" and error["detail"], name
            elif ends == "taken":
                stand.gateway.tenant.wait_state(message_id, "sent")
            else:
                wait(f"{name} halts", lambda ends=ends: stand.shown("p1")["provider"]["halted"] == ends)
                assert stand.gateway.tenant.message(message_id)["state"] == "queued" and not stand.taken(number)
                stand.gateway.command("connector", "start", id="p1")
                stand.delivered(message_id)
            wanted = 1 if ends in ("delivered", "parked", "stopped") else 0
            assert stand.taken(number) == wanted, name

    def test_a_supplier_that_is_away_gets_them_when_it_is_back(self, stand: Stand) -> None:
        stand.simulator.stop(10)
        message_id, number = stand.send()
        wait("it was tried", lambda: stand.shown("p1")["unknown"] + stand.shown("p1")["ready"])
        assert stand.gateway.tenant.message(message_id)["state"] == "queued"
        stand.simulator = stand._simulate("again", port=stand.port)
        if stand.supplier.set_up_callback:
            stand.set(stand.port, callback_url=stand.shown("p1")["provider"]["callback_url"])
        stand.gateway.command("connector", "rebind", id="p1")
        stand.delivered(message_id)
        assert stand.taken(number) == 1

    def test_no_answer_before_it_was_taken(self, stand: Stand) -> None:
        stand.next({"drop": "before"})
        message_id, number = stand.send()
        stand.delivered(message_id)
        assert stand.taken(number) == 1

    def test_no_answer_after_it_was_taken_and_policy_resend(self, stand: Stand) -> None:
        stand.next({"timeout": "after"})
        message_id, number = stand.send()
        view = stand.gateway.tenant.wait_state(message_id, "delivered", "sent")
        if stand.supplier.idempotent:
            assert stand.taken(number) == 1
        else:
            assert view["state"] == "delivered" or stand.delivered(message_id)
            assert stand.taken(number) <= 2
        events = [event["type"] for event in stand.gateway.tenant.message(message_id)["events"]]
        assert "outcome_unknown" in events or stand.supplier.told_by_id

    def test_no_answer_after_it_was_taken_and_policy_wait(self, stand: Stand) -> None:
        stand.next({"timeout": "after"})
        message_id, number = stand.send(stand.number("306920"))
        stand.gateway.tenant.wait_state(message_id, "delivered" if stand.supplier.told_by_id else "sent")
        assert stand.taken(number) == 1

    def test_a_failure_is_told_as_one(self, stand: Stand) -> None:
        stand.set(stand.port, fail_pct=100, **({"tell_failures": True} if stand.supplier.name == "ardary" else {}))
        message_id, _ = stand.send()
        view = stand.gateway.tenant.wait_state(message_id, "undelivered", "rejected", "expired")
        stand.set(stand.port, fail_pct=0)
        assert view["error"] is not None

    def test_no_second_sees_more_requests_than_the_limit(self, stand: Stand) -> None:
        sent = [stand.send(stand.number("306930"))[0] for _ in range(3 * LIMIT)]
        for message_id in sent:
            stand.delivered(message_id)
        assert 1 < stand.control("stats", port=stand.limited)["most_in_a_second"] <= LIMIT

    def test_a_kill_in_the_middle_loses_nothing_and_repeats_what_cannot_be_known(self, stand: Stand) -> None:
        stand.set(stand.port, delay_ms=30)
        numbers = [stand.number() for _ in range(150)]
        answer = stand.gateway.tenant.ask(
            "POST",
            "/v1/messages/batch",
            {"messages": [{"from": "Shop", "to": number, "text": f"Text for {number}"} for number in numbers]},
        )
        ids = [entry["id"] for entry in answer.body["messages"]]
        wanted = set(numbers)
        wait(
            "some were taken",
            lambda: sum(each["to"].lstrip("+") in wanted for each in stand.control("messages")) >= 10,
        )
        stand.gateway.signal(signal.SIGKILL)
        stand.gateway.wait_end()
        stand.gateway.start()
        stand.gateway.wait_ready()
        stand.set(stand.port, delay_ms=0)
        open_ones = ("delivered", "sent") if stand.supplier.idempotent else ("delivered",)
        views = [stand.gateway.tenant.wait_state(message_id, *open_ones, patience_s=60) for message_id in ids]
        taken = [each["to"].lstrip("+") for each in stand.control("messages")]
        twice = sum(taken.count(number) - 1 for number in numbers)
        assert all(taken.count(number) for number in numbers)
        if stand.supplier.idempotent:
            assert twice == 0
        else:
            out = WINDOW * stand.supplier.group  # as many again may be answered and not be durable yet
            assert twice <= 2 * out
            assert {view["state"] for view in views} == {"delivered"}


class CallbackContract(Contract):
    """Of a provider that reports by itself, too."""

    def test_a_report_before_the_answer_counts(self, stand: Stand) -> None:
        stand.set(stand.port, early_callbacks=True)
        message_id, number = stand.send()
        stand.delivered(message_id)
        stand.set(stand.port, early_callbacks=False)
        assert stand.taken(number) == 1

    def test_reports_that_come_twice_count_once(self, stand: Stand) -> None:
        before = stand.control("stats")["doubled"]
        stand.set(stand.port, double_callbacks_pct=100)
        message_id, _ = stand.send()
        stand.delivered(message_id)
        wait("it was told twice", lambda: stand.control("stats")["doubled"] > before)
        stand.set(stand.port, double_callbacks_pct=0)
        types = [event["type"] for event in stand.gateway.tenant.message(message_id)["events"]]
        assert types.count("delivered") == 1

    def test_a_report_that_is_lost_is_asked_for(self, stand: Stand) -> None:
        before = stand.control("stats")["lost"]
        stand.set(stand.port, lose_callbacks_pct=100)
        message_id, _ = stand.send()
        if stand.supplier.polls:
            stand.delivered(message_id)
        else:
            # Before the answer is written here, as it may be: the simulator's callback waits for nothing.
            wait("it was lost", lambda: stand.control("stats")["lost"] > before)
            stand.gateway.tenant.wait_state(message_id, "sent")
        stand.set(stand.port, lose_callbacks_pct=0)

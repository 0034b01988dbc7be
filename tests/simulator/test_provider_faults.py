"""What all simulated providers do besides their API: faults, shares, callbacks that go wrong, counters, steering."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_listener import DROPPED
from smsgwd.simulator.provider_options import NAMES, SimulatorOptions, changed, parse_numbers
from smsgwd.simulator.provider_registry import APIS
from tests.simulator.provider_calls import HOOK, Bench

SEND = {"username": "user", "password": "password", "from": "me", "message": "x"}


def test_the_command_names_those_that_there_are():
    assert tuple(APIS) == NAMES


def send(bench, number=0, **changes):
    fields = SEND | {"to": str(306900000000 + number)} | changes
    return bench.ask("GET", "/api/http/send.php", fields)


def outcome(answer):
    """What became of a request, in one word."""
    if isinstance(answer, Deferred):
        return "silence"
    if answer is DROPPED:
        return "drop"
    return "taken" if answer.body.startswith(b"ID:") else "5xx" if answer.status >= 500 else "error"


def test_scripted_answers_come_in_turn_and_for_sends_alone():
    bench = Bench("isms")
    bench.sim.script(
        [{"error": "sender"}, {"timeout": True}, {"timeout": "before"}, {"drop": True}, {"drop": "after"},
         {"status": 502}, {"body": "ID:FAKE", "content_type": "text/html"}, {"ok": True}]
    )  # fmt: skip
    assert bench.get("/api/http/credits.php", **SEND).startswith("Credits:")
    answers = [send(bench, number) for number in range(9)]
    assert [outcome(answer) for answer in answers] == [
        "error", "silence", "silence", "drop", "drop", "5xx", "taken", "taken", "taken",
    ]  # fmt: skip
    assert [row["to"][-1] for row in bench.sim.messages()] == ["1", "4", "7", "8"]
    assert answers[6].body == b"ID:FAKE" and answers[6].headers == (("Content-Type", "text/html"),)
    stats = bench.sim.stats()
    assert (stats["timeouts"], stats["drops"], stats["messages"], stats["requests"]) == (2, 2, 4, 10)
    assert stats["errors"] == {"5xx": 1, "sender": 1}


def test_scripted_answers_of_other_calls():
    bench = Bench("isms")
    bench.sim.script([{"on": "/api/http/credits.php", "error": "auth"}, {"on": "/api/http/query.php", "status": 503}])
    assert outcome(send(bench)) == "taken"
    said = [bench.get("/api/http/credits.php", **SEND) for _ in range(2)]
    assert said == ["Error: Authentication error.", "Credits:3948.47"]
    assert bench.ask("GET", "/api/http/query.php", SEND).status == 503
    presto = Bench("smspresto")
    presto.sim.script([{"on": "list-archive", "error": "107"}])
    query = {"user": "user", "pass": "password", "action": "get-stock"}
    assert presto.get("/console/api/", **query) == "3948"
    dates = {"action": "list-archive", "dateFrom": "2026-11-22", "dateTo": "2026-11-22"}
    assert '"status":107' in presto.get("/console/api/", **(query | dates))
    assert presto.sim.stats()["by_path"] == {"get-stock": 1, "list-archive": 1}


@pytest.mark.parametrize(
    "answer",
    [{"error": "nope"}, {"timeout": "never"}, {"drop": 7}, {"status": 9}, {"body": 7}, {"colour": "red"},
     {"delay_ms": "x"}, "timeout"],
)  # fmt: skip
def test_scripts_that_make_no_sense_are_refused_whole(answer):
    bench = Bench("isms")
    with pytest.raises(ValueError, match=r"\w"):
        bench.sim.script([{"status": 500}, answer])
    assert outcome(send(bench)) == "taken"


def test_shares_are_drawn_and_the_same_again_with_the_same_seed():
    shares = {"error_pct": 10, "timeout_pct": 10, "drop_pct": 10, "5xx_pct": 10}

    def run(seed):
        bench = Bench("isms", **{"five_xx_pct" if name == "5xx_pct" else name: share for name, share in shares.items()},
                      seed=seed)  # fmt: skip
        found = [outcome(send(bench, number)) for number in range(1000)]
        taken = found.count("taken") + found.count("silence")
        assert bench.sim.stats()["messages"] == taken
        assert set(bench.sim.stats()["errors"]) == {"5xx", "recipients", "sender", "schedule"}
        return found

    found = run(1)
    assert all(60 <= found.count(kind) <= 140 for kind in ("error", "silence", "drop", "5xx"))
    assert found == run(1) != run(2)


def test_drawn_errors_may_be_chosen():
    bench = Bench("isms", error_pct=100, errors=("credits",))
    assert {send(bench, number).body for number in range(20)} == {b"Error: Insufficient credits."}


def test_faults_leave_other_requests_alone_unless_asked():
    bench = Bench("isms", five_xx_pct=100)
    assert bench.ask("GET", "/api/http/credits.php", SEND).status == 200
    bench.sim.set(everywhere=True)
    assert bench.ask("GET", "/api/http/credits.php", SEND).status >= 500


def test_throttle_counts_any_second():
    bench = Bench("isms", throttle=3)
    statuses = []
    for _ in range(8):
        statuses.append(send(bench).status)
        bench.clock.advance(0.25)
    assert statuses == [200, 200, 200, 429, 429, 429, 429, 429]  # refused ones count, too
    bench.clock.advance(0.5)
    assert send(bench).status == 200
    stats = bench.sim.stats()
    assert (stats["throttled"], stats["most_in_a_second"], stats["by_path"]) == (5, 4, {"/api/http/send.php": 9})


def test_answers_take_their_time():
    bench = Bench("isms", delay_ms=500)
    bench.sim.script([{"ok": True, "delay_ms": 1000}])
    slow, usual = send(bench), send(bench)
    assert len(bench.sim.messages()) == 2
    bench.clock.advance(0.5)
    assert usual.called and not slow.called
    bench.clock.advance(1.0)
    assert slow.called


def test_the_same_message_taken_twice():
    bench = Bench("isms")
    bench.sim.script([{"timeout": True}])
    send(bench)
    send(bench)
    send(bench, message="y")
    assert bench.sim.stats()["taken_twice"] == 1
    assert [row["times"] for row in bench.sim.messages()] == [2, 2, 1]


def test_final_states_by_share_and_by_number():
    bench = Bench("isms", fail_pct=30, numbers={"99": "none", "98": "Failed"})
    for number in range(1000):
        send(bench, number)
    bench.clock.advance(0)
    rows = {row["to"][-3:]: row["state"] for row in bench.sim.messages()}
    assert {rows["199"], rows["299"]} == {"sent"} and {rows["198"], rows["298"]} == {"failed"}
    assert 230 <= list(rows.values()).count("failed") <= 370
    assert bench.sim.stats()["states"]["sent"] == 10


def test_messages_of_unanswered_requests_go_on():
    bench = Bench("isms")
    bench.sim.script([{"timeout": True}])
    send(bench, **{"dlr-url": HOOK})
    bench.clock.advance(0)
    assert len(bench.hooks.sent) == 1 and bench.sim.messages()[0]["state"] == "delivered"


# -- callbacks ---------------------------------------------------------------------------------------------------------


def test_lost_and_doubled_callbacks():
    lost, doubled = Bench("isms", lose_callbacks_pct=100), Bench("isms", double_callbacks_pct=100)
    for bench in (lost, doubled):
        send(bench, **{"dlr-url": HOOK})
        bench.clock.advance(0)
    assert lost.hooks.sent == [] and lost.sim.stats()["lost"] == 1
    assert doubled.hooks.sent == [doubled.hooks.sent[0]] * 2
    assert (doubled.sim.stats()["doubled"], doubled.sim.stats()["callbacks"]) == (1, 2)


def test_early_callbacks_come_before_the_answer():
    bench = Bench("isms", early_callbacks=True, final_after_ms=60_000)
    waits = Deferred()
    bench.hooks.request, request = (lambda *sent: waits), bench.hooks.request
    answer = send(bench, **{"dlr-url": HOOK})
    assert isinstance(answer, Deferred) and bench.sim.messages()[0]["state"] == "delivered"
    waits.callback(request("GET", HOOK, {}, b"", 1.0).result)
    assert answer.result.body.startswith(b"ID:")


def test_callbacks_are_tried_again():
    bench = Bench("isms", statuses=(503, 0, 200), callback_retry_ms=500)
    send(bench, **{"dlr-url": HOOK})
    bench.clock.pump([0, 0.5, 0.5, 0.5])
    assert len(bench.hooks.sent) == 3
    stats = bench.sim.stats()
    assert (stats["callbacks"], stats["callbacks_failed"]) == (1, 0)


def test_callbacks_are_given_up():
    bench = Bench("isms", statuses=(503, 503, 503), callback_tries=2, callback_retry_ms=0)
    send(bench, **{"dlr-url": HOOK})
    bench.clock.pump([0, 0, 0, 0])
    assert len(bench.hooks.sent) == 2 and bench.sim.stats()["callbacks_failed"] == 1


def test_a_state_told_again_and_otherwise():
    bench = Bench("isms")
    mid = send(bench, **{"dlr-url": HOOK + "?%d"}).body.decode()[3:]
    bench.clock.advance(0)
    bench.sim.event("report", id=mid)
    bench.sim.event("report", id=mid, state="Failed", to="306900000000")
    assert [url[-1] for _, url, _, _ in bench.hooks.sent] == ["1", "1", "2"]
    assert bench.sim.messages()[0]["state"] == "delivered"
    for wrong in ({"id": "nope"}, {"id": mid, "state": "nope"}, {"id": mid, "to": "1"}):
        with pytest.raises(ValueError, match="no "):
            bench.sim.event("report", **wrong)


# -- steering ----------------------------------------------------------------------------------------------------------


def test_it_is_steered_over_http():
    bench = Bench("isms")
    assert bench.control("next", {"answers": [{"status": 503}]}) == (200, {"ok": True})
    assert bench.control("set", {"fail_pct": 100, "5xx-pct": 0, "price": 1}) == (200, {"ok": True})
    assert [outcome(send(bench)) for _ in range(2)] == ["5xx", "taken"]
    bench.clock.advance(0)
    (row,) = bench.control("messages")[1]
    assert (row["to"], row["text"], row["from"], row["state"], row["times"]) == ("306900000000", "x", "me", "failed", 1)
    assert bench.control("stats")[1]["requests"] == 2
    assert bench.control("errors")[1]["auth"]["says"] == "Error: Authentication error."


@pytest.mark.parametrize(
    ("what", "value"),
    [("set", {"fail_pct": 101}), ("set", {"seed": 1}), ("set", {"errors": ["no"]}), ("set", {"numbers": {"1": "x"}}),
     ("next", {}), ("next", {"answers": [7]}), ("event", {"kind": "party"}), ("event", {})],
)  # fmt: skip
def test_steering_that_makes_no_sense(what, value):
    bench = Bench("isms")
    status, said = bench.control(what, value)
    assert status == 400 and said["error"]
    assert outcome(send(bench)) == "taken"


def test_steering_that_there_is_not():
    bench = Bench("isms")
    assert bench.control("other")[0] == 404 and bench.ask("DELETE", "/_sim/stats").status == 404
    assert bench.ask("POST", "/_sim/set", body=b"{").status == 400


def test_options_are_checked():
    with pytest.raises(ValueError, match="no provider 'acme'; there are: isms"):
        ProviderSimulator(None, "acme")
    with pytest.raises(ValueError, match="no error"):
        ProviderSimulator(None, "isms", SimulatorOptions(errors=("nope",)))
    with pytest.raises(ValueError, match="final state"):
        ProviderSimulator(None, "isms", SimulatorOptions(numbers={"1": "DELIVRD"}))
    assert changed(SimulatorOptions(), {"5xx-pct": 5}).five_xx_pct == 5
    assert parse_numbers("0091:EXPIRED,2:none") == {"0091": "EXPIRED", "2": "none"}
    for wrong in ("x:EXPIRED", "0091", "0091:"):
        with pytest.raises(ValueError, match="DIGITS:STATE"):
            parse_numbers(wrong)


@pytest.mark.parametrize("name", APIS)
def test_every_api_answers_what_it_does_not_know(name):
    bench = Bench(name)
    for method, path in (("GET", "/"), ("POST", "/nowhere"), ("DELETE", "/api/sms/"), ("POST", "/api/sendSms")):
        assert 400 <= bench.ask(method, path, body=b"\xff{").status < 500
    assert not bench.sim.messages()

"""One message: its timeline, and what is done about it."""

from __future__ import annotations

from typing import Any

import pytest

from smsgwd.console.given import Told
from smsgwd.console.operators.asked import local, span, utc
from smsgwd.model.operators import Role
from tests.console.operators.message_answers import BAD, ID, SHOWN, shown, step, trace
from tests.console.stand import Operators, text_of

PATH = f"/messages/{ID}"


class Registry(Operators):
    """A stand where to trace takes the role operate, as it does."""

    def needs(self, noun: str, verb: str) -> Role:
        if verb in ("resend", "erase"):
            return "admin"
        return "operate" if verb == "trace" else super().needs(noun, verb)


def stand(role: Role = "admin", **more: Any) -> Registry:
    answers = {"message trace": trace(), "message show": shown()}
    return Registry({**answers, **{name.replace("_", " "): answer for name, answer in more.items()}}, role)


def test_its_way_is_told_in_words() -> None:
    made = stand()
    page = text_of(made.get(PATH))
    assert made.asked == [("message trace", {"id": ID})]
    assert "Accepted 2026-11-23 05:23:34.567 by HTTP, 3 parts gsm" in page
    assert "Part 3 of 3 taken by the SMSC by sim 2026-11-23 05:23:34.575 +8 ms ESME_ROK" in page
    assert "answered in 24 ms" in page and "DELIVRD (part 1 of 3)" in page
    assert "Part 1 ended: delivered" in page and "Ended: delivered" in page
    assert "The tenant is not told yet: message.delivered" in page


def test_what_went_wrong_looks_so() -> None:
    steps = [
        step(0.0, "accepted"),
        step(0.1, "submit_sm refused", connector="sim", status="ESME_RSUBMITFAIL", ms=5),
        step(0.2, "ended: rejected"),
        step(0.2, "push given up: message.rejected"),
        step(0.3, "something new"),
    ]
    page = stand(message_trace=trace(steps=steps, state="rejected", error="x: y")).get(PATH)
    assert page.count('<li class="bad">') == 3
    assert "Refused by the SMSC" in page and "ESME_RSUBMITFAIL" in page and "something new" in page


def test_number_text_and_pdus_are_shown_to_who_asks_and_may() -> None:
    pdus = [{"pdu": "submit_sm", "destination": "1/1 306912345672", "short_message": "3c62"}]
    made = stand(message_trace=trace(text=BAD, pdus_encoded_again=pdus))
    page = made.get(f"{PATH}?numbers=yes&text=yes&pdus=yes")
    assert made.asked == [("message trace", {"id": ID, "numbers": "yes", "text": "yes", "pdus": "yes"})]
    assert SHOWN in page and BAD not in page and "1/1 306912345672" in page
    made = stand("operate")
    made.get(f"{PATH}?numbers=yes&text=yes")
    assert made.asked == [("message trace", {"id": ID, "numbers": "yes"})]


def test_pdus_that_cannot_be_told_are_told_so() -> None:
    page = stand(message_trace=trace(pdus_encoded_again="cannot be told: no connector")).get(f"{PATH}?pdus=yes")
    assert "cannot be told: no connector" in page


def test_who_may_only_read_sees_what_message_show_tells() -> None:
    made = stand("read")
    page = text_of(made.get(f"{PATH}?numbers=yes"))
    assert made.asked == [("message show", {"id": ID})]
    assert "ESME_RTHROTTLED" in page and "+45 ms" in page and "answered in 16 ms" in page
    for control in ("Send it again", "Show the text", "Show the number", "Erase", "Cancel it"):
        assert control not in page


def test_an_error_of_message_show_is_shown() -> None:
    found = shown(state="rejected", error={"code": "no_route", "detail": "nothing fits"})
    assert "no_route: nothing fits" in text_of(stand("read", message_show=found).get(PATH))


def test_a_message_that_is_not_there_is_told() -> None:
    answer = stand(message_trace=Told("there is no message 1")).ask("GET", "/messages/1")
    assert answer.status == 422 and "there is no message 1" in answer.body.decode()


def test_it_moves_while_it_is_not_over() -> None:
    made = stand(message_trace=trace(state="sent", pushes=[]))
    assert f'sse-connect="/ui/live{PATH}"' in made.get(PATH)
    assert "sse-connect" not in stand().get(PATH)
    answer = made.ask("GET", f"/live{PATH}")
    assert answer.stream is not None
    taken: list[bytes] = []
    answer.stream.attach(_Sink(taken))
    made.clock.advance(0)
    assert b"event: way" in taken[-1] and b"event: over" not in taken[-1]
    made.answers["message trace"] = trace()
    made.clock.advance(2)
    assert b"event: over" in taken[-1]


class _Sink:
    """The other end of a stream."""

    full = False

    def __init__(self, taken: list[bytes]) -> None:
        self.more = taken.append

    def finish(self) -> None:
        """Nothing is kept of it."""


def test_it_is_sent_again() -> None:
    made = stand(message_resend={"id": "77", "instead_of": ID})
    assert made.done(f"{PATH}/resend", {"free": "yes"}) == "/ui/messages/77"
    assert made.asked == [("message resend", {"id": ID, "free": "yes"})]


def test_what_is_refused_comes_back_with_the_form() -> None:
    made = stand(message_resend=Told("it is delivered: force=yes"))
    answer = made.post(f"{PATH}/resend", {"free": "yes"})
    page = answer.body.decode()
    assert answer.status == 422 and "it is delivered: force=yes" in page
    assert 'name="free" value="yes" checked' in page and 'name="force" value="yes">' in page


def test_it_is_taken_back_while_it_waits() -> None:
    made = stand(message_trace=trace(state="scheduled"), message_cancel={"id": ID, "cancelled": 1, "others": 0})
    assert f"{PATH}/cancel" in made.get(PATH) and f"{PATH}/cancel" not in stand().get(PATH)
    assert made.done(f"{PATH}/cancel") == f"/ui{PATH}"
    assert made.asked[-1] == ("message cancel", {"id": ID})


@pytest.mark.parametrize("count", [0, 1])
def test_its_tenant_is_told_again(count: int) -> None:
    made = stand(dlr_push={"pushed": count, "targets": []})
    assert f"{PATH}/push" in made.get(PATH)
    assert made.done(f"{PATH}/push") == f"/ui{PATH}"
    assert made.asked[-1] == ("dlr push", {"id": ID})


def test_somebody_is_erased_after_a_page_that_says_what_that_does() -> None:
    rows = {"messages": 3, "still_being_sent": 1, "still_in_log": 0}
    made = stand(message_show=shown(to="+306912345672"), message_erase=rows)
    page = made.get(f"/messages/erase?id={ID}")
    assert 'value="+306912345672"' in page and "cannot be undone" in page
    assert made.asked == [("message show", {"id": ID, "numbers": "yes"})]
    answer = made.post("/messages/erase", {"number": "+306912345672", "opt_out": "yes"})
    assert answer.status == 200 and "erase once more" in answer.body.decode()
    assert made.asked[-1] == ("message erase", {"number": "+306912345672", "opt_out": "yes"})


def test_a_number_that_is_none_comes_back() -> None:
    made = stand(message_erase=Told("number: is none"))
    answer = made.post("/messages/erase", {"number": BAD})
    assert answer.status == 422 and SHOWN in answer.body.decode() and "number: is none" in answer.body.decode()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.016, "16 ms"),
        (1, "1 s"),
        (4.21, "4.2 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_times_of_forms() -> None:
    assert utc("2026-11-23T05:00") == "2026-11-23T05:00:00Z" and utc("2026-11-23") == "2026-11-23"
    assert utc("nonsense") == "nonsense" and local("nonsense") == ""
    assert local("2026-11-23T05:00:01Z") == "2026-11-23T05:00:01"

from smsgwd.delivery.correlation import canonical
from smsgwd.smpp.constants import MessageState
from smsgwd.southbound.idform import IdForm
from tests.southbound.fakes import Bench, message

NUMBER = "306912345678"


def test_alike():
    form = IdForm("g", "auto")
    for number in range(1, 60):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
    assert form.form == "same"


def test_response_hexadecimal_receipt_decimal():
    form = IdForm("g", "auto")
    for number in range(5000, 5040):
        form.given(f"{number:X}", NUMBER)
        assert form.form in ("auto", "response_hex")
        form.seen(f"{number:010d}", NUMBER)
    assert form.form == "response_hex"


def test_response_decimal_receipt_hexadecimal():
    form = IdForm("g", "auto")
    for number in range(0xABCD00, 0xABCD20):
        form.given(str(number), NUMBER)
        form.seen(f"{number:x}", NUMBER)
    assert form.form == "response_dec"


def test_ids_that_are_no_numbers():
    form = IdForm("g", "auto")
    for number in range(20):
        form.given(f"x-{number}-y", NUMBER)
        form.seen(f"X-{number}-Y", NUMBER)
    assert form.form == "same"


def test_receipts_of_unknown_messages_teach_nothing():
    form = IdForm("g", "auto")
    for number in range(100):
        form.seen(str(number), NUMBER)
    assert form.form == "auto"


def test_mixed_forms_stay_auto():
    form = IdForm("g", "auto")
    for number in range(5000, 5100):
        form.given(str(number), NUMBER)
        form.seen(str(number) if number % 2 else f"{number:x}", NUMBER)
    assert form.form == "auto"


def test_a_form_that_turns_out_wrong_is_given_up():
    form = IdForm("g", "auto")
    for number in range(5000, 5020):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
    assert form.form == "same"
    for number in range(6000, 6025):
        form.given(str(number), NUMBER)
        form.seen(f"{number:x}", NUMBER)
    assert form.form == "auto"
    for number in range(7000, 7100):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
    assert form.form == "auto"


def test_receipts_of_forgotten_responses_are_seldom_weighed_and_a_wrong_form_is_found_all_the_same(monkeypatch):
    form = IdForm("g", "auto")
    for number in range(5000, 5020):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
    weighed = []
    weigh = form._weigh
    monkeypatch.setattr(form, "_weigh", lambda *args: (weighed.append(args), weigh(*args)))
    for number in range(1_000_000, 1_001_600):
        assert form.seen(str(number), NUMBER) == "same"
    assert 100 < len(weighed) < 200
    for number in range(6000, 6060):
        form.given(str(number), NUMBER)
        form.seen(f"{number:x}", NUMBER)
    assert form.form == "auto"


def test_a_collision_now_and_then_does_not_unlearn():
    form = IdForm("g", "auto")
    for number in range(1, 5000):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
        if number == 4095:
            assert form.seen("4096", NUMBER) == "same"  # early: its response is not known yet, hexadecimal 1000 is
    assert form.form == "same"


def test_another_form_needs_the_same_number():
    form = IdForm("g", "auto")
    for number in range(5000, 5040):
        form.given(str(number), NUMBER)
        form.seen(f"{number:x}", "491701234567")
    assert form.form == "auto"


def test_a_configured_form_stays():
    form = IdForm("g", "response_hex")
    for number in range(5000, 5100):
        form.given(str(number), NUMBER)
        form.seen(str(number), NUMBER)
    assert form.form == "response_hex"


def test_memory_is_bounded():
    form = IdForm("g", "auto")
    for number in range(20_000):
        form.given(f"n{number}", NUMBER)
    assert len(form._given) + len(form._given_before) <= 20_000
    assert canonical("n19999") in form._given | form._given_before
    assert form.seen("N10001", NUMBER) == "auto" and form._votes["same"] == 1


def test_an_early_receipt_is_not_taken_for_another_message_once_the_form_is_known():
    bench = Bench(session={"window": 50}).start()
    ids = iter(str(number) for number in [*range(1000, 1040), 4096])
    bench.smsc.script = lambda pdu: next(ids)
    bench.send(*(message(number) for number in range(1, 41)))
    bench.pump()
    for number in range(1000, 1040):
        bench.smsc.receipt(str(number), MessageState.DELIVERED)
    bench.pump()
    bench.smsc.receipt("4096", MessageState.UNDELIVERABLE)  # before its response
    bench.pump()
    bench.send(message(41))
    bench.pump()
    assert bench.store.state(41).name == "UNDELIVERED"
    assert bench.store.state(1).name == "DELIVERED"

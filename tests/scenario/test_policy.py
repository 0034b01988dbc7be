"""Who may be written to, and what: numbers, contents, duplicates, as tenants meet them."""

from __future__ import annotations

import signal
from decimal import Decimal

import pytest

from tests.scenario.business import change, check_books, code, create, funds, receipts, refused, told, wait_settled
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene, Smsc
from tests.scenario.stand_esme import bound, check_sound

GREEK = "+306912345678"
_CENT = Decimal("0.01")
REFUSED_NUMBER, REFUSED_TEXT = 0x0B, 0x45


@pytest.fixture(scope="module")
def smsc(shared: Scene) -> Smsc:
    """The only way out."""
    return shared.smsc()


@pytest.fixture(scope="module")
def gateway(shared: Scene, smsc: Smsc) -> Gateway:
    """A gateway with both listeners."""
    return shared.gateway(smsc, smpp={})


def test_blacklist(gateway: Gateway) -> None:
    """For everybody, from the command to the command, over both protocols."""
    one, other = create(gateway, "black1", credit="1", price="0.01"), create(gateway, "black2", credit="1")
    esme = bound(gateway, "black1")
    told(gateway, "blacklist", "add", number="+30 691 111 1111")
    for tenant in (one, other):
        assert code(tenant.post("+306911111111")) == "blacklisted"
    assert esme.submit("306911111111")[0] == REFUSED_NUMBER
    assert funds(gateway, "black1") == (1, 0)
    told(gateway, "blacklist", "remove", number="306911111111")
    for tenant in (one, other):
        assert code(tenant.post("+306911111111")) is None
    assert esme.submit("306911111111")[0] == 0
    assert esme.unbind() == 0


def test_blacklisted_while_it_was_scheduled(gateway: Gateway, smsc: Smsc) -> None:
    """What was accepted for later does not go to a number that is on the list by then, and costs nothing."""
    tenant = create(gateway, "black3", credit="1", price="0.01")
    message_id = tenant.send("+306911111112", "too late", schedule_at="+3 seconds")
    told(gateway, "blacklist", "add", number="306911111112")
    tenant.wait_state(message_id, "rejected", "cancelled")
    assert funds(gateway, "black3") == (1, 0)
    assert "too late" not in [text.text for text in smsc.texts()]
    check_books(gateway)


def test_opt_out(gateway: Gateway) -> None:
    """For the tenant it was said to alone; by the tenant's own API or the operator."""
    one, other = create(gateway, "stop1", credit="1"), create(gateway, "stop2", credit="1")
    assert one.ask("POST", "/v1/optouts", {"number": "+306922222222"}).status in (200, 201)
    assert code(one.post("+306922222222")) == "opted_out"
    assert code(other.post("+306922222222")) is None
    assert told(gateway, "optout", "list", tenant="stop1")
    assert one.ask("DELETE", "/v1/optouts/%2B306922222222").status in (200, 204)
    assert code(one.post("+306922222222")) is None
    told(gateway, "optout", "add", tenant="stop2", number="306922222222")
    assert code(other.post("+306922222222")) == "opted_out"
    assert code(one.post("+306922222222")) is None


def test_destinations(gateway: Gateway) -> None:
    """Only to Greece and Cyprus, but not to a premium range there; changed for the next message."""
    tenant = create(gateway, "near", credit="1", destinations=["GR", "357"], barred=["3090"])
    esme = bound(gateway, "near")
    assert code(tenant.post(GREEK)) is None
    assert code(tenant.post("+35799123456")) is None
    assert code(tenant.post("+447700900123")) == "destination_barred"
    assert code(tenant.post("+309012345678")) == "destination_barred"
    assert esme.submit("447700900123")[0] == REFUSED_NUMBER
    change(gateway, "near", destinations=[], barred=["GR"])
    assert code(tenant.post("+447700900123")) is None
    assert code(tenant.post(GREEK)) == "destination_barred"
    assert esme.unbind() == 0


def test_national_numbers(gateway: Gateway, smsc: Smsc) -> None:
    """With a region they are read as written there; without one they are no numbers."""
    greek = create(gateway, "greek", credit="1", region="GR")
    british = create(gateway, "british", credit="1", region="GB")
    plain = create(gateway, "plain", credit="1")
    for tenant, written in (
        (greek, "691 234 5000"),
        (british, "07700 900123"),
        (greek, "+447700900124"),
        (greek, "00447700900125"),
    ):
        answer = tenant.post(written)
        assert code(answer) is None, answer
    assert code(plain.post("07700900123")) == "invalid_recipient"
    numbers = {"+306912345000", "+447700900123", "+447700900124", "+447700900125"}
    wait("all are sent to the numbers that are meant", lambda: numbers <= {text.dest for text in smsc.texts()})


def test_strict_numbers(gateway: Gateway) -> None:
    """A number that no numbering plan has is refused to who asks for that."""
    strict = create(gateway, "strict", credit="1", strict_numbers=True)
    plain = create(gateway, "loose", credit="1")
    assert code(plain.post("+30111111111")) is None
    assert code(strict.post("+30111111111")) == "invalid_recipient"
    assert code(strict.post(GREEK)) is None


def test_test_numbers(gateway: Gateway, smsc: Smsc) -> None:
    """They end as they are said to, at no cost, with a receipt over SMPP, and nothing is sent."""
    numbers = {"306900000001": "delivered", "306900000002": "undelivered", "306900000003": "expired"}
    tenant = create(gateway, "tester", credit="0", price="0.04", test_numbers=numbers)
    for number, state in numbers.items():
        message_id = tenant.send(f"+{number}", "never on the air")
        assert tenant.wait_state(message_id, state)["price"] == "0.0000"
    esme = bound(gateway, "tester")
    status, message_id = esme.submit("306900000001")
    assert status == 0
    wait("its receipt", lambda: receipts(esme) == [message_id])
    assert esme.unbind() == 0
    assert code(tenant.post(GREEK)) == "no_credit"
    assert funds(gateway, "tester") == (0, 0)
    assert "never on the air" not in [text.text for text in smsc.texts()]
    check_books(gateway)


def test_contents(gateway: Gateway) -> None:
    """Length, the tenant's patterns, the gateway's; the answer and the log do not repeat the text."""
    tenant = create(gateway, "prim", credit="1", price="0.01", content={"max_length": 40, "banned": ["casino|jackpot"]})
    esme = bound(gateway, "prim")
    assert code(tenant.post(GREEK, "Your order has left.")) is None
    assert code(tenant.post(GREEK, "x" * 41)) == "content_refused"
    assert code(tenant.post(GREEK, "Win at the CA\u200bSINO")) == "content_refused"
    told(gateway, "content", "put", name="loans", pattern=r"(easy|fast)\s+loan")
    answer = tenant.post(GREEK, "An Easy  Loan zebra77")
    assert code(answer) == "content_refused"
    assert "zebra77" not in str(answer) + gateway.log_path.read_text()
    assert esme.submit(text=b"an easy loan")[0] == REFUSED_TEXT
    told(gateway, "content", "drop", name="loans")
    assert esme.submit(text=b"an easy loan")[0] == 0
    assert "loans" in refused(gateway, "content", "drop", name="loans")
    for pattern in ("(", "(a+)\\1", "x*", ".{0,900}.{0,900}x", "\0"):
        gateway.command("content", "put", name="bad", pattern=pattern)
        assert code(tenant.post(GREEK, "Anything else")) is None
    check_sound(gateway)


def test_only_texts_of_templates(gateway: Gateway) -> None:
    """A template that is made, changed and removed counts for the next message, over both protocols."""
    tenant = create(gateway, "formal", credit="1", content={"templates_only": True})
    esme = bound(gateway, "formal")
    assert code(tenant.post(GREEK, "Hello Eva, your code is 42.")) == "content_refused"
    made = tenant.ask("POST", "/v1/templates", {"name": "code", "text": "Hello {name}, your code is {code}."})
    assert made.status == 201, made
    assert code(tenant.post(GREEK, "Hello Eva, your code is 42.")) is None
    assert code(tenant.post(GREEK, "Hello Eva, your code is 42")) == "content_refused"
    assert esme.submit(text=b"Hello Eva, your code is 42.")[0] == 0
    assert esme.submit(text=b"Hello")[0] == REFUSED_TEXT
    assert tenant.ask("DELETE", "/v1/templates/code").status in (200, 204)
    assert code(tenant.post(GREEK, "Hello Eva, your code is 42.")) == "content_refused"
    assert esme.unbind() == 0


def test_duplicates(gateway: Gateway) -> None:
    """The same text to the same number within the window, whoever sends it how; after it, again; nothing is paid."""
    tenant = create(gateway, "twice", credit="1", price="0.01", duplicate_s=3)
    other = create(gateway, "once", credit="1", price="0.01")
    esme = bound(gateway, "twice")
    assert code(tenant.post(GREEK, "Your taxi is here")) is None
    assert code(tenant.post(GREEK, "Your taxi is here")) == "duplicate"
    assert esme.submit("306912345678", b"Your taxi is here")[0] == REFUSED_TEXT
    assert code(tenant.post(GREEK, "Your taxi has left")) is None
    assert code(tenant.post("+306912345679", "Your taxi is here")) is None
    assert code(other.post(GREEK, "Your taxi is here")) is None
    wait_settled(gateway, "twice")
    assert funds(gateway, "twice")[0] == 1 - 3 * _CENT
    wait("the window is over", lambda: code(tenant.post(GREEK, "Your taxi is here")) is None, every_s=0.2)
    assert esme.unbind() == 0
    check_books(gateway)


def test_a_repeated_request_is_no_duplicate(gateway: Gateway) -> None:
    """With its Idempotency-Key the first answer comes again, duplicate_s or not."""
    tenant = create(gateway, "again", credit="1", duplicate_s=600)
    first = tenant.post(GREEK, "Only once", key="order-17")
    again = tenant.post(GREEK, "Only once", key="order-17")
    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body


def test_duplicates_after_a_restart(scene: Scene) -> None:
    """What was sent within the window is known again, after a kill too; another text passes."""
    gateway = scene.gateway(scene.smsc(), tenant={"duplicate_s": 600})
    assert code(gateway.tenant.post(GREEK, "Your taxi is here")) is None
    gateway.signal(signal.SIGKILL)
    gateway.wait_end()
    gateway.start()
    gateway.wait_ready()
    assert code(gateway.tenant.post(GREEK, "Your taxi is here")) == "duplicate"
    assert code(gateway.tenant.post(GREEK, "Your taxi has left")) is None

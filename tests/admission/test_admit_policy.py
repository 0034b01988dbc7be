"""What admission asks of a tenant that uses more than prices and senders."""

from datetime import UTC, datetime

import msgspec
import pytest

from smsgwd.admission.admit import Policy, account_of, admit
from smsgwd.admission.content import compile_content
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.model.ledger import unpack_payers
from smsgwd.model.prices import PriceTable
from smsgwd.model.records import SenderRule
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import ContentPolicy, QuietHours, Tenant
from smsgwd.model.wire import Wire

NOON = int(datetime(2026, 3, 10, 10, 0, tzinfo=UTC).timestamp() * 1000)  # in Athens
HOUR = 3_600_000
NIGHT = NOON + 11 * HOUR  # 23:00 there
MORNING = NOON + 20 * HOUR  # 08:00
TENANT = Tenant("shop", prices=(("", 40_000),))


def take(now=NOON, compiled=None, item=None, **settings):
    account = account_of(msgspec.structs.replace(TENANT, **settings), **(compiled or {}))
    return admit(
        Item(**{"source": "iSMS", "dest": "+306912345678", "text": "Hello", **(item or {})}), account, now, Policy()
    )


def refusal(**asked):
    with pytest.raises(Refused) as caught:
        take(**asked)
    return caught.value.refusal


def test_a_plain_tenant_has_nothing_of_it():
    taken = take()
    assert (taken.source_addr, taken.payers, taken.test, taken.rate) == (None, None, None, 40_000)


def test_national_numbers_need_a_region():
    assert take(region="GR", item={"dest": "6912345678"}).msisdn == "306912345678"
    assert refusal(item={"dest": "06912345678"}) is Refusal.INVALID_RECIPIENT


def test_a_type_of_number_says_that_it_is_international():
    item = {"dest": "6912345678", "account": "esme", "wire": Wire(dest_ton=1)}
    assert take(region="GR", item=item).msisdn == "6912345678"
    assert take(region="GR", item={**item, "wire": Wire(dest_ton=2)}).msisdn == "306912345678"


def test_a_way_in_may_say_that_its_numbers_are_international():
    assert take(region="GR", item={"dest": "6912345678", "international": True}).msisdn == "6912345678"
    assert take(region="GR", item={"dest": "6912345678"}).msisdn == "306912345678"


def test_strict_numbers():
    assert refusal(strict_numbers=True, item={"dest": "+301112345678"}) is Refusal.INVALID_RECIPIENT
    assert take(item={"dest": "+301112345678"}).msisdn == "301112345678"


def test_destinations():
    assert refusal(barred=("GR",)) is Refusal.DESTINATION_BARRED
    assert refusal(destinations=("CY",)) is Refusal.DESTINATION_BARRED
    assert take(destinations=("GR",)).msisdn == "306912345678"


def test_the_sender_of_the_country_goes_out_and_the_tenants_own_is_kept():
    rules = SenderRules({"GR": SenderRule(alphanumeric="substitute", substitute="+306900000000")})
    taken = take(compiled={"sender_rules": rules})
    assert (taken.source, taken.source_addr) == ("iSMS", "+306900000000")


def test_an_approved_sender_is_allowed():
    assert refusal(senders=()) is Refusal.SENDER_NOT_ALLOWED
    assert take(senders=(), compiled={"approved": frozenset({"iSMS"})}).source == "iSMS"


def test_contents_of_texts_and_of_octets_that_are_texts():
    content = compile_content((), ContentPolicy(banned=("casino",)), ())
    compiled = {"content": content}
    assert refusal(compiled=compiled, item={"text": "Casino night"}) is Refusal.CONTENT_REFUSED
    octets = {"text": "", "data": b"Casino night", "account": "esme", "wire": Wire(raw=True)}
    assert refusal(compiled=compiled, item=octets) is Refusal.CONTENT_REFUSED
    assert take(compiled=compiled, item={**octets, "data": b"Good night"}).parts == 1


def test_who_sends_texts_of_templates_only_sends_no_octets():
    policy = ContentPolicy(templates_only=True)
    compiled = {"content": compile_content((), policy, ("Hello",))}
    assert take(content=policy, compiled=compiled).parts == 1
    item = {"text": "", "data": b"\x01\x02", "coding": "binary"}
    assert refusal(content=policy, compiled=compiled, item=item) is Refusal.CONTENT_REFUSED


def test_quiet_hours_hold_and_validity_is_counted_from_when_they_end():
    quiet = QuietHours(21 * 60, 8 * 60)
    taken = take(quiet=quiet, now=NIGHT, item={"validity_s": 600})
    assert (taken.due_at, taken.deadline) == (MORNING, MORNING + 600_000)
    assert take(quiet=quiet).due_at == 0


def test_quiet_hours_move_what_is_scheduled_into_them():
    assert take(quiet=QuietHours(21 * 60, 8 * 60), item={"schedule_at": NIGHT}).due_at == MORNING


def test_quiet_hours_refuse_where_they_shall_or_where_the_window_ends_before_them():
    assert refusal(quiet=QuietHours(21 * 60, 8 * 60, action="refuse"), now=NIGHT) is Refusal.QUIET_HOURS
    held = QuietHours(21 * 60, 8 * 60)
    assert refusal(quiet=held, now=NIGHT, item={"not_after": MORNING}) is Refusal.QUIET_HOURS
    assert take(quiet=held, now=NIGHT, item={"not_after": MORNING + 1}).deadline == MORNING + 1


def test_a_number_of_no_country_has_the_tenants_zone():
    quiet = QuietHours(21 * 60, 8 * 60)
    item = {"dest": "+870123456789"}
    assert take(quiet=quiet, now=NIGHT, time_zone="Europe/Athens", item=item).due_at == MORNING
    assert take(quiet=quiet, now=NIGHT, time_zone="America/New_York", item=item).due_at == 0


def test_the_delivery_window_ends_the_validity():
    assert take(item={"not_after": NOON + HOUR}).deadline == NOON + HOUR
    assert take(item={"not_after": NOON + HOUR, "validity_s": 60}).deadline == NOON + 60_000
    policy = Policy()
    longer, longest = policy.default_validity_s + 3600, policy.max_validity_s
    assert longer < longest
    assert take(item={"not_after": NOON + longer * 1000}).deadline == NOON + longer * 1000
    assert take(item={"not_after": NOON + 2 * longest * 1000}).deadline == NOON + longest * 1000


@pytest.mark.parametrize("item", [{"not_after": NOON}, {"not_after": NOON + HOUR, "schedule_at": NOON + HOUR}])
def test_a_window_that_ends_before_it_begins_is_refused(item):
    assert refusal(item=item) is Refusal.INVALID_SCHEDULE
    assert refusal(item=item, quiet=QuietHours(0, 1)) is Refusal.INVALID_SCHEDULE


def test_channels():
    assert take(item={"channel": "device"}).parts == 1
    assert refusal(item={"channel": "pigeon"}) is Refusal.INVALID


def test_ancestors_pay_by_their_own_prices():
    payers = (("reseller", PriceTable((("30", 30_000),))), ("root", PriceTable((("", 10_000),))))
    taken = take(compiled={"payers": payers}, item={"text": "x" * 200})
    assert (taken.price, taken.rate) == (80_000, 40_000)
    assert unpack_payers(taken.payers) == (("reseller", 60_000), ("root", 20_000))


def test_an_ancestor_without_a_price_refuses():
    payers = (("reseller", PriceTable((("44", 30_000),))),)
    assert refusal(compiled={"payers": payers}) is Refusal.NO_ROUTE


def test_the_network_is_asked_where_a_price_hangs_on_it_alone():
    asked = []

    def network_of(msisdn):
        asked.append(msisdn)
        return "20205"

    assert take(compiled={"network_of": network_of}).rate == 40_000
    assert asked == []
    by_network = PriceTable((("", 40_000), ("mcc:20205", 20_000)))
    assert take(compiled={"network_of": network_of, "prices": by_network}).rate == 20_000
    taken = take(compiled={"network_of": network_of, "payers": (("reseller", by_network),)})
    assert unpack_payers(taken.payers) == (("reseller", 20_000),)
    assert asked == ["306912345678"] * 2


def test_a_test_number_is_free_for_all_and_needs_no_price():
    numbers = (("306912345678", "undelivered"),)
    payers = (("reseller", PriceTable(())),)
    taken = take(test_numbers=numbers, prices=(), compiled={"payers": payers})
    assert (taken.test, taken.price, taken.rate, taken.payers) == ("undelivered", 0, 0, None)
    assert take(test_numbers=numbers, item={"dest": "+306912345679"}).test is None

import pytest

from smsgwd.telemetry.watch import MOST, TooManyError, Watches


def test_a_number_or_a_tenant_or_both():
    watches = Watches()
    number = watches.add("306912345678", "", 100)
    tenant = watches.add("", "shop", 100)
    both = watches.add("306900000000", "bank", 100)
    assert watches.begin(1, "bank", "306912345678") == number.id
    assert watches.begin(2, "shop", "44") == tenant.id
    assert watches.begin(3, "bank", "306900000000") == both.id
    assert watches.begin(4, "bank", "44") is None and watches.of(4) is None
    assert [watches.of(message) for message in (1, 2, 3)] == [number.id, tenant.id, both.id]


def test_the_same_again_lasts_longer():
    watches = Watches()
    first = watches.add("30691", "", 100)
    assert watches.add("30691", "", 900).id == first.id
    assert watches.expire(100) == [] and watches.next_end() == 900


def test_what_is_over_forgets_its_messages():
    watches = Watches()
    short, long = watches.add("1", "", 100), watches.add("2", "", 200)
    watches.begin(1, "x", "1")
    watches.begin(2, "x", "2")
    watches.owed(7, 1, short.id)
    watches.owed(8, 2, long.id)
    assert [each.id for each in watches.expire(150)] == [short.id]
    assert watches.of(1) is None and watches.push(7, over=False) is None
    assert watches.push(8, over=False) == (2, long.id) == watches.push(8, over=True)
    assert watches.push(8, over=True) is None
    assert watches and watches.remove(long.id) and not watches and not watches.remove(long.id)


def test_bounds():
    watches = Watches()
    for at in range(MOST):
        watches.add(str(at), "", 1)
    with pytest.raises(TooManyError):
        watches.add("no", "", 1)
    for message in range(10_005):
        watches.begin(message, "x", "1")
        watches.owed(message, message, 2)
    assert watches.of(4) is None and watches.of(5) is not None
    assert watches.push(4, over=False) is None and watches.push(5, over=False) is not None

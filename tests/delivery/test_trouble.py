import pytest

from smsgwd.delivery.trouble import THROTTLE_PAUSE_S, Action, action_for, defaults


@pytest.mark.parametrize(
    ("status", "action"),
    [
        (0x58, Action.THROTTLE),
        (0x14, Action.THROTTLE),
        (0x08, Action.RETRY),
        (0x64, Action.RETRY),
        (0x45, Action.RETRY),
        (0x04, Action.REBIND),
        (0x0B, Action.FAIL),
        (0x01, Action.FAIL),
        (0x400, Action.FAIL),
        (0xFFFFFFFF, Action.FAIL),
    ],
)
def test_defaults(status, action):
    assert action_for(status) is action


def test_a_connector_may_know_better():
    overrides = {0x0B: Action.RETRY, 0x58: Action.FAIL}
    assert action_for(0x0B, overrides) is Action.RETRY
    assert action_for(0x58, overrides) is Action.FAIL
    assert action_for(0x14, overrides) is Action.THROTTLE


def test_every_throttling_status_has_its_pause():
    throttling = {status for status, action in defaults().items() if action is Action.THROTTLE}
    assert throttling == set(THROTTLE_PAUSE_S)
    assert all(pause > 0 for pause in THROTTLE_PAUSE_S.values())


def test_the_table_shown_is_a_copy():
    shown = defaults()
    shown.clear()
    assert action_for(0x58) is Action.THROTTLE

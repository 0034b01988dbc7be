"""The table of statuses."""

import pytest

from smsgwd.delivery.trouble import THROTTLE_PAUSE_S, USUAL_SCOPE, Action, Rule, Scope, defaults, rule, rule_for
from smsgwd.smpp.status import STATUS_NAMES


@pytest.mark.parametrize(
    ("status", "scope", "action"),
    [
        (0x58, Scope.CONNECTOR, Action.THROTTLE),
        (0x14, Scope.CONNECTOR, Action.THROTTLE),
        (0x08, Scope.CONNECTOR, Action.RETRY),
        (0x64, Scope.CONNECTOR, Action.RETRY),
        (0x45, Scope.CONNECTOR, Action.RETRY),
        (0xFE, Scope.DESTINATION, Action.RETRY),
        (0x04, Scope.CONNECTOR, Action.REBIND),
        (0x0B, Scope.MESSAGE, Action.FAIL),
        (0x01, Scope.MESSAGE, Action.FAIL),
        (0x104, Scope.MESSAGE, Action.FAIL),
        (0x15, Scope.CONNECTOR, Action.FAILOVER),
        (0x65, Scope.CONNECTOR, Action.FAILOVER),
        (0x100, Scope.CONNECTOR, Action.FAILOVER),
        (0x112, Scope.CONNECTOR, Action.FAILOVER),
        (0x400, Scope.CONNECTOR, Action.FAILOVER),
        (0xFFFFFFFF, Scope.CONNECTOR, Action.FAILOVER),
    ],
)
def test_defaults(status, scope, action):
    assert rule_for(status) == Rule(scope, action)


def test_a_connector_may_know_better():
    overrides = {0x0B: rule("retry"), 0x58: rule("fail")}
    assert rule_for(0x0B, overrides) == Rule(Scope.CONNECTOR, Action.RETRY)
    assert rule_for(0x58, overrides) == Rule(Scope.MESSAGE, Action.FAIL)
    assert rule_for(0x14, overrides).action is Action.THROTTLE


def test_words_of_the_configuration():
    assert rule("retry", "destination") == Rule(Scope.DESTINATION, Action.RETRY)
    assert {rule(action.value).action for action in Action} == set(Action) == set(USUAL_SCOPE)
    with pytest.raises(ValueError, match="ignore"):
        rule("ignore")
    with pytest.raises(ValueError, match="world"):
        rule("retry", "world")


def test_every_throttling_status_has_its_pause():
    throttling = {status for status, known in defaults().items() if known.action is Action.THROTTLE}
    assert throttling == set(THROTTLE_PAUSE_S)
    assert all(pause > 0 for pause in THROTTLE_PAUSE_S.values())


def test_every_status_of_the_table_has_a_name():
    assert set(defaults()) <= set(STATUS_NAMES)


def test_the_table_shown_is_a_copy():
    shown = defaults()
    shown.clear()
    assert rule_for(0x58).action is Action.THROTTLE

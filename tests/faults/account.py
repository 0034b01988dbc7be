"""What every fault is judged by: one final state, one final push, and no copy without a reason."""

from __future__ import annotations

from collections.abc import Iterable

from smsgwd.simulator.record import each_smsc_line
from smsgwd.simulator.soak_judge import AtSmscs
from tests.scenario.harness import Catcher, Gateway, Smsc, wait

FINAL = frozenset(("delivered", "undelivered", "expired", "rejected", "cancelled", "unknown"))


def wait_final(gateway: Gateway, ids: list[str], patience_s: float = 60.0) -> dict[str, str]:
    """The states of these messages once all are final."""

    def look() -> dict[str, str] | None:
        gateway.check()
        states = gateway.tenant.states()
        found = {message: states[message] for message in ids}
        return found if set(found.values()) <= FINAL else None

    return wait(f"{len(ids)} messages are final", look, patience_s, 0.1)


def check_told_once(gateway: Gateway, catcher: Catcher, ids: list[str]) -> dict[str, str]:
    """Wait for every final push; each message has one, which says what the gateway says. The states by id."""
    states = wait_final(gateway, ids)
    catcher.wait_all(ids)
    pushed: dict[str, set[tuple[str, str]]] = {}
    for push in catcher.pushes():
        if push["body"]["type"].removeprefix("message.") in FINAL:
            pushed.setdefault(push["body"]["id"], set()).add((push["webhook_id"], push["body"]["state"]))
    assert pushed.keys() == set(ids)
    several = {message: found for message, found in pushed.items() if len(found) > 1}
    assert not several, f"told more than once: {several}"
    assert {message: state for message, [(_, state)] in ((m, list(found)) for m, found in pushed.items())} == states
    return states


def unexplained_copies(smscs: Iterable[Smsc], messages: int) -> tuple[int, list[int]]:
    """Copies too many of messages 0 to `messages`-1 (see Tenant.send_many), and the numbers of those with no reason."""
    found = AtSmscs(messages)
    for smsc in smscs:
        smsc.submits()  # so that the record is complete
        found.take(each_smsc_line(smsc.record), each_smsc_line(smsc.record))
    assert found.strangers == 0
    copies, _, unexplained = found.duplicates()
    return copies, unexplained


def check_well(gateway: Gateway) -> None:
    """It runs, and has logged no traceback."""
    assert gateway.running
    log = gateway.log_path.read_text()
    assert "Traceback" not in log and '"traceback"' not in log

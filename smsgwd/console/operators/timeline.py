"""The way of a message as a timeline: what `message trace` and `message show` tell, in words and with its looks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.console.operators.asked import span, word
from smsgwd.console.visit import Visit
from smsgwd.console.words import N_
from smsgwd.smpp.status import status_name

#: A step as `message trace` calls it, what it is called here, and how it looks: '', ok, warn, bad.
_STEPS: Final = {
    "accepted": (N_("Accepted"), ""),
    "submit_sm taken": (N_("Taken by the SMSC"), "ok"),
    "sent": (N_("Taken by the SMSC"), "ok"),
    "all parts taken": (N_("All parts taken by the SMSC"), "ok"),
    "submit_sm refused, again later": (N_("Refused by the SMSC, tried again later"), "warn"),
    "retry": (N_("Refused by the SMSC, tried again later"), "warn"),
    "goes another way": (N_("Goes another way"), "warn"),
    "failover": (N_("Goes another way"), "warn"),
    "submit_sm refused": (N_("Refused by the SMSC"), "bad"),
    "refused": (N_("Refused by the SMSC"), "bad"),
    "submit_sm without an answer": (N_("The SMSC did not answer"), "warn"),
    "outcome_unknown": (N_("The SMSC did not answer"), "warn"),
    "receipt": (N_("Receipt"), ""),
}
_ENDS: Final = {"delivered": "ok", "cancelled": "warn", "unknown": "warn"}
_PUSHES: Final = {
    "owed": (N_("The tenant is to be told: %(what)s"), ""),
    "pending": (N_("The tenant is not told yet: %(what)s"), "warn"),
    "given up": (N_("Telling the tenant was given up: %(what)s"), "bad"),
    "done": (N_("The tenant was told: %(what)s"), "ok"),
}
_PART_TAKEN: Final = re.compile(r"submit_sm taken, part ([0-9]+) of ([0-9]+)")
_PART_ENDED: Final = re.compile(r"part ([0-9]+): (\w+)")
_ENDED: Final = re.compile(r"ended: (\w+)")
_PUSH: Final = re.compile(r"push (owed|pending|given up|done): (.+)")
# message_state (SMPP 3.4 s5.2.28), as receipts without a text tell it
_STATE: Final = re.compile(r"([1-8])(?= |\Z)")
_STATES: Final = ("", "ENROUTE", "DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD")


class Step(msgspec.Struct):
    """One step of a timeline, ready to be shown."""

    at: str
    text: str
    looks: str  #: '', ok, warn, bad
    since: str  #: the step before; '' for the first
    after: str  #: how long after it was accepted
    connector: str
    status: str  #: of the SMSC's answer, by name
    smsc_id: str
    took: str  #: how long the SMSC took to answer
    detail: str


def steps_of_trace(visit: Visit, steps: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a `message trace`."""
    found: list[Step] = []
    before = 0.0
    for step in steps:
        text, looks = _told(visit, step["step"])
        detail = step["detail"]
        if step["step"] == "receipt":
            detail = _STATE.sub(lambda state: _STATES[int(state[1])], detail, count=1)
        found.append(
            Step(
                step["at"],
                text,
                looks,
                span(max(0.0, step["after_s"] - before)) if found else "",
                span(step["after_s"]),
                step["connector"],
                step["status"],
                step["smsc_id"],
                "" if step["ms"] is None else span(step["ms"] / 1000),
                detail,
            )
        )
        before = step["after_s"]
    return found


def as_trace(shown: Mapping[str, Any], seconds: Sequence[float]) -> dict[str, Any]:
    """What `message show` tells, in the form of `message trace`: for those who may not trace. `seconds`: of its events,
    since the first."""
    steps = [
        {
            "at": event["at"],
            "after_s": after,
            "step": event["type"],
            "connector": event.get("connector") or "",
            "status": "" if event.get("smpp_status") is None else status_name(event["smpp_status"]),
            "smsc_id": event.get("smsc_id") or "",
            "ms": event.get("latency_ms"),
            "detail": event.get("detail", ""),
        }
        for event, after in zip(shown["events"], seconds, strict=True)
    ]
    error = shown["error"]
    return {
        **dict.fromkeys(("submission", "came_by", "client_ref", "encoding", "price"), ""),
        **shown,
        "valid_until": shown["deadline"],
        "error": None if error is None else ": ".join(filter(None, (error["code"], error.get("detail")))),
        "steps": steps,
        "pushes": [],
    }


def _told(visit: Visit, step: str) -> tuple[str, str]:
    """A step in words, and its looks."""
    if step in _STEPS:
        text, looks = _STEPS[step]
        return visit._(text), looks
    if found := _PART_TAKEN.fullmatch(step):
        return visit._("Part %(part)s of %(parts)s taken by the SMSC", part=found[1], parts=found[2]), "ok"
    if found := _PART_ENDED.fullmatch(step):
        state = word(visit, found[2])
        return visit._("Part %(part)s ended: %(state)s", part=found[1], state=state), _ENDS.get(found[2], "bad")
    if found := _ENDED.fullmatch(step):
        return visit._("Ended: %(state)s", state=word(visit, found[1])), _ENDS.get(found[1], "bad")
    if found := _PUSH.fullmatch(step):
        text, looks = _PUSHES[found[1]]
        return visit._(text, what=found[2]), looks
    return word(visit, step), _ENDS.get(step, "")

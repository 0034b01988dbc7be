"""Cases: connectors while they run."""

from __future__ import annotations

from tests.scenario.harness import wait
from tests.scenario.verbs import Case, Group, Stage, has, row


def _bound(stage: Stage) -> None:
    """The groups behind this one find it as it was."""
    wait("smsc1 is bound again", lambda: stage.gateway.status()["connectors"][0]["up"])


GROUPS = [
    Group(
        "connectors",
        [
            Case("connector", "list", "", row(id="smsc1", state="on", up=True)),
            Case(
                "connector",
                "show",
                "smsc1",
                has(id="smsc1", config__system_id="gw", wanted__state="on", configured__throughput=0.0),
            ),
            Case("connector", "show", "smsc9", "there are: smsc1", code=1),
            Case("connector", "pause", ["smsc1", "reason=ticket 4711"], has(state="paused", up=False, binds=["bound"])),
            Case("connector", "show", "smsc1", has(state="paused", wanted__reason="ticket 4711")),
            Case("connector", "resume", "smsc1", has(state="on", up=True)),
            Case("connector", "set", "smsc1 rate=50 window=7", has(throughput=50.0, window=7)),
            Case("connector", "set", "smsc1 rate=config window=config", has(throughput=0.0)),
            Case("connector", "set", "smsc1 rate=fast", "rate must be", code=1),
            Case("connector", "rebind", "smsc1 bind=0", has(id="smsc1")),
            Case("connector", "rebind", "smsc1 bind=5", "has no bind 5", code=1),
            Case("connector", "stop", ["smsc1", "reason=their maintenance"], has(state="stopped", binds=["stopped"])),
            Case("connector", "resume", "smsc1", "connector start smsc1", code=1),
            Case("connector", "push-contacts", "smsc1", "no connector smsc1 with a provider's plugin", code=1),
            Case("connector", "start", "smsc1", has(state="on"), after=lambda stage, answer: _bound(stage)),
        ],
    ),
]

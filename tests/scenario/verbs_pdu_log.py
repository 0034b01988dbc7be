"""Cases: PDUs that are looked at, levels of the log, watched numbers."""

from __future__ import annotations

from tests.scenario.verbs import Case, Group, has, row

GROUPS = [
    Group(
        "log",
        [
            Case("log", "show", "", has(level="info", components=row(component="southbound", own=False), watches=[])),
            Case("log", "level", "southbound debug minutes=5", has(component="southbound", level="debug", minutes=5)),
            Case("log", "show", "", has(components=row(component="southbound", level="debug", own=True))),
            Case("log", "level", "nowhere debug", "there is no component nowhere", code=1),
            Case("log", "reset", "", {"reset": ["southbound"]}),
            Case("log", "debug", "number=306999999999", keeps={"watch": lambda answer: answer["watch"]}),
            Case("log", "show", "", has(watches=row(number="30699***"))),
            Case("log", "nodebug", "watch={watch}", lambda answer: len(answer["ended"]) == 1),
        ],
    ),
]

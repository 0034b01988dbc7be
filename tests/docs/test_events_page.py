"""docs/events.md: its commands are carried out and say what stands there; its push is what we write."""

import json
import re
import shlex
from pathlib import Path

from smsgwd.app.event_desk import EventDesk
from smsgwd.cli.tables import render
from smsgwd.model.events import TYPES
from smsgwd.model.tenant import Tenant
from smsgwd.notify.event import event_body
from smsgwd.ops.events import Events
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeOutbox
from tests.ops.asking import Clock, run

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
TENANT = Tenant("demo", webhook_url="https://shop.example/events")


def worked():
    """Each command of the page, what it shows, and the pushes that came of all."""
    [block] = re.findall(r"^```console\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    outbox = FakeOutbox()
    desk = EventDesk(store=BusinessStore(), tenants={"demo": TENANT}.get, outbox=outbox)
    family = Events(desk.push, Clock(), {"demo"}.__contains__)
    steps = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, _, said = part.partition("\n")
        program, noun, verb, *params = shlex.split(line)
        assert program == "smsgwctl"
        steps.append((said, render(noun, run(family, noun, verb, **dict(param.split("=", 1) for param in params)))))
    return steps, outbox.items


def test_the_commands_say_what_stands_below_them():
    steps, items = worked()
    for said, shown in steps:
        assert shown.strip() == said.strip()
    assert {item.type for item in items} == set(TYPES)


def test_the_push():
    _, items = worked()
    [written] = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    expected, found = json.loads(written), json.loads(event_body(items[0]))
    assert found.pop("at") and expected.pop("at")
    assert found == expected


def test_the_table_has_every_field():
    rows = dict(re.findall(r"^\| `([a-z.]+)` \|[^|]*\| (.*) \|$", PAGE, re.MULTILINE))
    for kind, struct in TYPES.items():
        names = {{"from_": "from"}.get(name, name) for name in struct.__struct_fields__}
        assert names <= set(re.findall(r"`([a-z_]+)`", rows[kind]))

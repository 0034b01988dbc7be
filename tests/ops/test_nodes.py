"""What operators see of nodes, and what is wrong with them."""

from twisted.internet.defer import fail, succeed

from smsgwd.ops.node_rows import bind_rows, connector_rows, needs, node_rows, sums
from smsgwd.ops.nodes import NodeCommands
from smsgwd.ports.nodes import NodeState, NodeView, Pin
from smsgwd.ports.store import StoreUnavailable

UP, DRAINING, LOST = NodeState.UP, NodeState.DRAINING, NodeState.LOST


class FakeNodes:
    """Three nodes: one that is asked, one that is drained, one that is lost."""

    name, alone, fenced = "a", False, ""

    def __init__(self, **changes):
        load = {"accepted_s": 5.0, "sent_s": 2.25, "claimed": 7.0, "in_flight": 1.0, "cpu": 0.5, "bound:x": 2.0}
        self.views = [
            NodeView("a", UP, "h1", 10, "1.0", 1_700_000_000_000, 0.4, load, lease_s=0.42),
            NodeView("b", DRAINING, "h2", 11, "1.0", 0, 0.5, {"accepted_s": 1.0, "bound:y": 1.0}, lease_s=0.5),
            NodeView("c", LOST, "h3", 12, "1.0", 0, 60.0, load),
        ]
        self.owned = {
            "b:x:0": "a",
            "b:x:1": "a",
            "b:y:0": "b",
            "u:sweeps": "a",
            "u:cdr": "a",
            "t:7": "a",
            "b:old:0": "a",
        }
        self.pinned = [Pin("x", None, "a"), Pin("x", 1, "b")]
        self.away = False
        self.refreshed = 0
        for name, value in changes.items():
            setattr(self, name, value)

    def listed(self):
        return self.views

    def live(self):
        return [view for view in self.views if view.state is not LOST]

    def owners(self):
        return self.owned

    def owner(self, thing):
        return self.owned.get(thing)

    def binds(self):
        return {"y": 2, "x": 2}

    def pins(self):
        return self.pinned

    def refresh(self):
        self.refreshed += 1
        return fail(StoreUnavailable("away")) if self.away else succeed(None)


def answer(nodes, verb, **params):
    [command] = [each for each in NodeCommands(nodes).commands() if each.verb == verb]
    found = []
    command.run(params).addCallback(found.append)
    return found[0]


def test_a_row_for_each_node():
    a, b, c = node_rows(FakeNodes())
    assert (a["node"], a["here"], a["state"], a["binds"], a["bound"]) == ("a", True, "up", 3, 2)
    assert (a["accepted_s"], a["claimed"], a["lease_s"], a["roles"]) == (5.0, 7.0, 0.4, ["cdr", "sweeps"])
    assert a["since"] == "2023-11-14T22:13:20.000Z"
    assert (b["state"], b["here"], b["sent_s"], b["since"]) == ("draining", False, None, None)
    assert c["state"] == "lost"
    assert {c[name] for name in ("accepted_s", "bound", "claimed", "lease_s")} == {None}, "told long ago"
    together = sums([a, b, c])
    assert (together["accepted_s"], together["binds"], together["bound"], together["cpu"]) == (6.0, 4, 3, 0.5)


def test_a_node_whose_intake_is_closed_says_so():
    view = NodeView("b", DRAINING, intake=False)
    assert node_rows(FakeNodes(views=[view]))[0]["state"] == "draining, closed"
    lost = NodeView("b", LOST, intake=False)
    assert node_rows(FakeNodes(views=[lost]))[0]["state"] == "lost"


def test_whose_each_bind_is():
    assert bind_rows(FakeNodes()) == [
        {"connector": "x", "bind": 0, "node": "a", "pinned": "a"},
        {"connector": "x", "bind": 1, "node": "a", "pinned": "b"},
        {"connector": "y", "bind": 0, "node": "b", "pinned": None},
        {"connector": "y", "bind": 1, "node": None, "pinned": None},
    ]
    assert connector_rows(FakeNodes()) == [
        {"connector": "x", "binds": 2, "bound": 2, "nobody": 0, "nodes": {"a": 2}},
        {"connector": "y", "binds": 2, "bound": 1, "nobody": 1, "nodes": {"b": 1}},
    ]


def test_what_needs_somebody():
    assert needs(FakeNodes()) == [
        "node b is drained, as an operator wanted: node undrain b",
        "node c (h3) is lost: start it, or node forget c",
        "binds of y that no node has: 1 (node binds)",
    ]
    other = NodeView("b", UP, alike=False, opens=False)
    assert needs(FakeNodes(views=[other], owned=dict.fromkeys(("b:x:0", "b:x:1", "b:y:0", "b:y:1"), "b"))) == [
        "node b has another secret_key than a: each refuses the other's tokens",
        "node b has other connectors in its configuration than a",
    ]
    assert needs(FakeNodes(views=[], fenced="no answer for 2.3 s")) == [
        "this node has no lease, it sends nothing and takes nothing: no answer for 2.3 s"
    ]
    assert needs(FakeNodes(views=[], alone=True)) == []


def test_what_is_shown_is_looked_at_anew_and_told_while_the_store_is_away():
    nodes = FakeNodes()
    assert [row["node"] for row in answer(nodes, "list")] == ["a", "b", "c"]
    assert nodes.refreshed == 1
    nodes.away = True
    assert [row["node"] for row in answer(nodes, "list")] == ["a", "b", "c"]
    shown = answer(nodes, "show", node="a")
    assert (shown["targets"], shown["alike"]) == (1, True)
    assert shown["has"] == [
        {"connector": "x", "bind": 0, "pinned": True},
        {"connector": "x", "bind": 1, "pinned": False},
    ]
    assert shown["pins"] == [{"connector": "x", "bind": None, "node": "a"}]

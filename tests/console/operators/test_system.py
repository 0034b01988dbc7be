"""The log, nodes, bound customers and the configuration."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.console.operators.configuration import sections
from smsgwd.model.operators import Role
from tests.console.operators.message_answers import BAD, SHOWN
from tests.console.stand import Operators, text_of

LOG = {
    "level": "info",
    "components": [
        {"component": "access", "level": "info", "own": False, "seconds_left": None},
        {"component": "esme", "level": "debug", "own": True, "seconds_left": 598},
        {"component": "net", "level": "error", "own": True, "seconds_left": None},
    ],
    "watches": [{"watch": 1, "number": "", "tenant": "demo", "seconds_left": 1798}],
}
FIGURES = {"accepted_s": 3.5, "sent_s": 3.4, "receipts_s": 3.0, "claimed": 7}
NODE = {
    "node": "gw1",
    "state": "up",
    "host": "vm",
    "pid": 19568,
    "version": "0.1.0",
    "since": "2026-11-23T05:23:34.216Z",
    "lease_s": 8.2,
    "binds": 2,
    "bound": 2,
    **FIGURES,
    "roles": ["cdr", "retention"],
}
ALONE = {**NODE, "lease_s": -1.0, "binds": 0, "bound": 0, **dict.fromkeys(FIGURES)}
WHOLE = {
    "here": True,
    "told_s": 0.0,
    **dict.fromkeys(("delivered_s", "failed_s", "pushed_s", "refused_s", "in_flight", "cpu")),
    "targets": 0,
    "alike": True,
    "opens": True,
    "keys": [],
    "has": [{"connector": "sim", "bind": 0, "pinned": False}],
    "pins": [],
}
BINDS = [
    {"connector": "sim", "bind": 0, "node": "gw1", "pinned": None},
    {"connector": "sim", "bind": 1, "node": None, "pinned": "gw2"},
]
ESME = {
    "system_id": "demo",
    "tenant": "demo",
    "kind": "transceiver",
    "listener": "smpp",
    "address": "127.0.0.1",
    "version": "3.4",
    "seconds": 28.32,
    "outstanding": 3,
    "window": 100,
    "unanswered": 0,
}
YAML = "node: gw1\nstore:\n  kind: embedded\nconnectors:\n- id: sim\n  password: '***'"
DIFF = {"option": "limits.max_parts", "in_force": 6, "in_file": 8, "applied": "reload"}


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "log show": LOG,
        "node list": [NODE, {**NODE, "node": "gw2", "state": "lost", "lease_s": None, "bound": None}],
        "node show": {**NODE, **WHOLE},
        "node binds": BINDS,
        "esme list": [ESME],
        "config show": YAML,
        "config diff": [],
    }
    return _Registry({**answers, **{name.replace("_", " "): answer for name, answer in more.items()}}, role)


class _Registry(Operators):
    """A stand where whoever reads may look, as he may."""

    def needs(self, noun: str, verb: str) -> Role:
        if (noun, verb) == ("config", "reload"):
            return "admin"
        return "read" if verb in ("diff", "binds") else super().needs(noun, verb)


# -- the log -------------------------------------------------------------------------------------------------------


def test_levels_and_watches() -> None:
    page = text_of(stand().get("/log"))
    assert "Everything is logged from info on" in page
    assert "esme debug 9 min 58 s" in page and "net error until it is reset" in page and "any demo 29 min 58 s" in page


def test_a_level_is_set_for_a_while_and_reset() -> None:
    done = {"component": "esme", "level": "debug", "minutes": 10}
    made = stand(log_level=done, log_reset={"reset": ["esme"]})
    assert made.done("/log/level", {"component": "esme", "level": "debug", "minutes": "10"}) == "/ui/log"
    assert made.done("/log/reset", {"component": "esme"}) == made.done("/log/reset") == "/ui/log"
    assert made.asked == [
        ("log level", {"component": "esme", "level": "debug", "minutes": "10"}),
        ("log reset", {"component": "esme"}),
        ("log reset", {}),
    ]


def test_a_watch_begins_and_ends() -> None:
    made = stand(log_debug={"watch": 2, "minutes": 30}, log_nodebug={"ended": [2]})
    fields = {"number": "+306912345678", "tenant": "", "watch_minutes": "30"}
    assert made.done("/log/watch", fields) == made.done("/log/unwatch", {"watch": "2"}) == "/ui/log"
    assert made.asked == [
        ("log debug", {"number": "+306912345678", "minutes": "30"}),
        ("log nodebug", {"watch": "2"}),
    ]


def test_a_watch_that_is_refused_comes_back() -> None:
    answer = stand(log_debug=Told("there is no tenant x")).post("/log/watch", {"tenant": BAD})
    assert answer.status == 422 and SHOWN in answer.body.decode() and "there is no tenant x" in answer.body.decode()


def test_who_may_only_read_sets_nothing() -> None:
    for path in ("/log", "/nodes", "/nodes/gw1", "/esmes", "/config"):
        page = stand("read").get(path)
        assert page.count('method="post"') == 2, path  # language and looks, and to log out


# -- nodes ---------------------------------------------------------------------------------------------------------


def test_nodes_and_whose_binds_are_whose() -> None:
    page = text_of(stand().get("/nodes"))
    assert "gw1 up vm pid 19568" in page and "2/2" in page and "3.5" in page
    assert "sim 1 nobody gw2" in page and "Pin binds to a node" in page


def test_one_that_is_alone_has_nothing_to_move() -> None:
    made = stand(node_list=[ALONE], node_binds=[], node_show={**ALONE, **WHOLE, "node": "gw1"})
    assert "does not share its store" in made.get("/nodes") and "Pin binds" not in made.get("/nodes")
    assert "Drain" not in made.get("/nodes/gw1")


def test_a_node_is_drained_undrained_and_forgotten() -> None:
    made = stand(node_drain={}, node_undrain={}, node_forget=[])
    assert "/ui/nodes/gw1/drain" in made.get("/nodes/gw1")
    assert made.done("/nodes/gw1/drain", {"closed": "yes"}) == "/ui/nodes/gw1"
    assert made.done("/nodes/gw1/drain") == made.done("/nodes/gw1/undrain") == "/ui/nodes/gw1"
    assert made.done("/nodes/gw2/forget") == "/ui/nodes"
    assert made.asked[1:] == [
        ("node drain", {"node": "gw1", "intake": "no"}),
        ("node drain", {"node": "gw1"}),
        ("node undrain", {"node": "gw1"}),
        ("node forget", {"node": "gw2"}),
    ]


def test_what_can_be_done_goes_by_the_state() -> None:
    for state, offered in (("up", "drain"), ("draining, closed", "undrain"), ("lost", "forget")):
        page = stand(node_show={**NODE, **WHOLE, "state": state}).get("/nodes/gw1")
        found = [verb for verb in ("drain", "undrain", "forget") if f"/ui/nodes/gw1/{verb}" in page]
        assert found == [offered], state


def test_binds_are_pinned() -> None:
    made = stand(node_move={"pins": []})
    assert made.done("/nodes/move", {"connector": "sim:1", "node": "gw2"}) == "/ui/nodes"
    assert made.done("/nodes/unpin", {"connector": "sim:1"}) == "/ui/nodes"
    assert made.asked == [
        ("node move", {"connector": "sim:1", "node": "gw2"}),
        ("node move", {"connector": "sim:1", "clear": "yes"}),
    ]


def test_a_move_that_is_refused_comes_back() -> None:
    answer = stand(node_move=Told("there is no node gw3")).post("/nodes/move", {"connector": "sim:1", "node": "gw2"})
    page = answer.body.decode()
    assert answer.status == 422 and "there is no node gw3" in page and "<option selected>gw2</option>" in page


# -- bound customers -----------------------------------------------------------------------------------------------


def test_who_is_bound() -> None:
    page = stand(esme_list=[{**ESME, "system_id": BAD}]).get("/esmes")
    assert BAD not in page and SHOWN in page and "28.3 s" in page and "3/100" in page
    assert "Nobody is bound over SMPP." in stand(esme_list=[]).get("/esmes")


def test_an_account_is_sent_away() -> None:
    made = stand(esme_disconnect={"system_id": "demo", "unbinding": 1})
    assert made.done("/esmes/disconnect", {"system_id": "demo"}) == "/ui/esmes"
    assert made.asked == [("esme disconnect", {"system_id": "demo"})]


# -- the configuration ---------------------------------------------------------------------------------------------


def test_what_is_in_force() -> None:
    page = stand().get("/config")
    assert '<pre tabindex="0">node: gw1</pre>' in page and '<summary class="mono">connectors</summary>' in page
    assert "The file on disk says what is in force." in page
    made = stand(config_show="kind: embedded")
    assert "kind: embedded" in made.get("/config?path=store") and made.asked[0] == ("config show", {"path": "store"})


def test_how_the_file_differs_and_what_is_wrong_with_it() -> None:
    made = stand(config_diff=[DIFF], config_check={"file": "/etc/x.yaml", "problems": ["node: is missing"]})
    page = text_of(made.get("/config?check=yes"))
    assert "limits.max_parts 6 8" in page and "1 mistake in the file" in page and "node: is missing" in page
    assert "config check" not in [name for name, _ in stand().asked]


def test_a_file_with_mistakes_takes_no_page_away() -> None:
    page = stand(config_diff=Told("node: is missing"), config_show=Told("there is no option x")).get("/config?path=x")
    assert "node: is missing" in page and "there is no option x" in page


def test_the_file_is_put_in_force() -> None:
    changed = [{"option": "limits.max_parts", "before": 6, "now": 8}]
    done = {"needs_restart": ["node"], "changed": changed, "connectors": {"restarted": ["sim"]}}
    page = text_of(stand(config_reload=done).post("/config/reload").body.decode())
    assert "1 option was changed." in page and "restarted sim" in page and "These wait for a restart node" in page
    refused = stand(config_reload=Told("node: is missing")).post("/config/reload")
    assert refused.status == 422 and "node: is missing" in refused.body.decode()


def test_sections_of_yaml() -> None:
    assert sections(YAML) == [
        ("node", "node: gw1"),
        ("store", "store:\n  kind: embedded"),
        ("connectors", "connectors:\n- id: sim\n  password: '***'"),
    ]

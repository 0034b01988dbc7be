"""The simulated SMSPresto: each example and each error of its page."""

import json

import pytest

from smsgwd.simulator.provider_smspresto import ERRORS, SENT_WELL
from tests.simulator.provider_calls import Bench

API = "/console/api/"
LOGIN = {"user": "user", "pass": "password"}
SEND = {**LOGIN, "action": "sendsms", "from": "oniris", "message": "test"}
TWO = [{"recipient": "+22508081488"}, {"recipient": "22558371758"}]


def ask(bench, **query):
    return json.loads(bench.get(API, **LOGIN, **query))


def post(bench, said):
    answer = bench.form(API, {"data": json.dumps(said)})
    assert answer.status == 200
    return json.loads(answer.body)


def archive(bench, **changes):
    return ask(bench, **({"action": "list-archive", "dateFrom": "2026-11-22", "dateTo": "2026-11-22"} | changes))


def success(count):
    return {"status": 0, "message": SENT_WELL, "message-count": count}


def test_sends_by_get_and_by_post():
    bench = Bench("smspresto")
    assert json.loads(bench.get(API, **SEND, to="22508081488,22558371758")) == success(2)
    assert json.loads(bench.get("/console/api", **SEND, to="22508081488")) == success(1)
    assert post(bench, SEND | {"to": TWO}) == success(2)
    own = [TWO[0] | {"message": "one"}, TWO[1] | {"message": "two"}]
    assert post(bench, SEND | {"to": own}) == success(2)
    del (custom := SEND | {"to": own})["message"]
    assert post(bench, custom) == success(2)
    assert [row["text"] for row in bench.sim.messages()] == ["test"] * 5 + ["one", "two"] * 2
    assert bench.sim.stats()["taken_twice"] == 5


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("1", {"user": ""}),
        ("1", {"pass": ""}),
        ("10", {"user": "other"}),
        ("11", {"pass": "other"}),
        ("100", {"from": ""}),
        ("100", {"from": "?!"}),
        ("101", {"from": "twelve chars"}),
        ("102", {"to": []}),
        ("102", {"to": [{"recipient": "12"}, {}]}),
        ("102", {"to": 7}),
        ("103", {"message": ""}),
        ("103", {"to": [TWO[0] | {"message": None}]}),
        ("105", {"action": "dance"}),
    ],
)
def test_errors_by_input(name, changes):
    bench = Bench("smspresto")
    assert post(bench, SEND | {"to": TWO} | changes) == {"status": int(name), "message": ERRORS[name].says}
    assert bench.sim.messages() == []


def test_further_errors():
    bench = Bench("smspresto", credits=0)
    assert post(bench, SEND | {"to": TWO})["status"] == 104
    assert json.loads(bench.form(API, {"data": "{"}).body)["status"] == 106
    assert archive(bench, dateFrom="yesterday")["status"] == 106
    assert bench.ask("GET", "/console").status == 404


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_can_be_asked_for(name):
    bench = Bench("smspresto")
    bench.sim.script([{"error": name}])
    assert post(bench, SEND | {"to": TWO}) == {"status": int(name), "message": ERRORS[name].says}
    assert post(bench, SEND | {"to": TWO}) == success(2)


def test_what_is_no_recipient_is_not_counted():
    assert post(Bench("smspresto"), SEND | {"to": [*TWO, {"recipient": "12"}]}) == success(2)


def test_the_account():
    bench = Bench("smspresto", credits=10000, numbers={"8": "failed", "7": "none"})
    bench.get(API, **SEND, to="22508081488,22558371758,22558371757,22558371756")
    bench.clock.advance(1)
    for action, said in (("get-stock", "10000"), ("get-send", "4"), ("get-success", "1"), ("get-failed", "2")):
        assert bench.get(API, **LOGIN, action=action) == said
    assert ask(bench, action="get-contact-total") == {"TOTAL": "400"}
    assert json.loads(bench.form(API, {**LOGIN, "action": "get-order-total"}).body) == {"TOTAL": "15"}


def test_the_history():
    bench = Bench("smspresto", final_after_ms=3000, numbers={"8": "failed"})
    bench.get(API, **SEND, to="+22508081488,22558371757")
    assert [row["HIS_STATUT"] for row in archive(bench)] == ["0", "0"]
    bench.clock.advance(3)
    first, second = archive(bench)
    assert first == {
        "IDHISTORIQUE": "1",
        "HIS_DESTINATAIRE": "+22508081488",
        "HIS_MESSAGE": "test",
        "HIS_STATUT": "2",
        "HIS_NOMBRESMS": "1",
        "HIS_DATEHEURECREA": "2026-11-22 12:00:00",
        "HIS_DATEHEUREENVOI": "2026-11-22 12:00:03",
        "IDDATEHEURE": "2026-11-22 12:00:00",
        "CPT_REF": "SP22558371758",
        "IDSMSFILATTENTE": "1",
        "HIS_EXPEDITEUR": "oniris",
        "NOMCONTACT": "",
    }
    assert (second["IDHISTORIQUE"], second["HIS_STATUT"], second["HIS_DESTINATAIRE"]) == ("2", "1", "+22558371757")


def test_pages_and_days_of_the_history():
    bench = Bench("smspresto")
    bench.get(API, **SEND, to=",".join(f"225083714{number:02d}" for number in range(60)))
    bench.clock.advance(86_400)
    bench.get(API, **SEND, to="22508371499")
    assert [len(archive(bench)), len(archive(bench, **{"from": "50", "to": "100"}))] == [50, 10]
    assert [row["IDHISTORIQUE"] for row in archive(bench, **{"from": "58", "to": "59"})] == ["59"]
    assert [row["IDHISTORIQUE"] for row in archive(bench, dateTo="2026-11-23", **{"from": "59", "to": "99"})] == [
        "60",
        "61",
    ]
    assert archive(bench, dateFrom="2026-11-24", dateTo="2026-11-30") == []

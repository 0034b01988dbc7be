"""What operators want of connectors whose messages go by a plugin."""

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.app import connector_desk
from smsgwd.app.connector_desk import ConnectorDesk
from smsgwd.model.refusals import Refused
from smsgwd.providers import Accepted
from tests.southbound.provider.stand import Stand, message, settings


class Records:
    def __init__(self):
        self.kept = {}

    def page(self, *asked):
        return succeed([])

    def put(self, kind, tenant, key, value):
        self.kept[key] = value
        return succeed(True)

    def drop(self, kind, tenant, key):
        return succeed(1 if self.kept.pop(key, None) else 0)


class DeskTests(SynchronousTestCase):
    def setUp(self):
        self.stand = Stand(throughput=100.0, window=4).start()
        self.desk = self.made(settings(throughput=100.0, window=4))

    def made(self, *configured, tenants=lambda tenant: tenant):
        return ConnectorDesk(list(configured), self.stand.dispatcher, Records(), self.stand.clock, tenants)

    def status(self):
        [found] = self.stand.dispatcher.status()
        return found

    def test_rate_and_window_count_at_once_and_the_plugin_goes_on(self):
        self.assertEqual(self.desk.configured("prov"), (100.0, 4))
        self.successResultOf(self.desk.limit("prov", "ann", {"throughput": 7.0, "window": 2}))
        self.assertEqual((self.status().throughput, self.status().window), (7.0, 2))
        self.assertEqual(self.desk.configured("prov"), (100.0, 4))
        self.assertEqual(len(self.stand.runners), 1)

    def test_they_stay_over_a_reload_that_changes_something_else(self):
        self.successResultOf(self.desk.limit("prov", "ann", {"window": 2}))
        done = self.desk.reconfigure([settings(throughput=50.0, window=4, retry_attempts=9)])
        self.assertEqual(done.adjusted, ("prov",))
        self.assertEqual((self.status().throughput, self.status().window), (50.0, 2))
        self.assertEqual(len(self.stand.runners), 1)

    def test_other_options_make_the_plugin_anew_once_nothing_is_out(self):
        self.stand.runner.script = lambda group: None
        self.stand.send(message(1))
        done = self.desk.reconfigure([settings(throughput=100.0, window=4, options={"username": "other"})])
        self.assertEqual(done.rebound, ("prov",))
        self.assertEqual(len(self.stand.runners), 1)
        self.stand.send(message(2))
        self.assertEqual(self.stand.runner.groups, [["1"]])
        self.stand.runner.answer([Accepted("f1")])
        self.stand.advance(1)
        self.assertEqual(len(self.stand.runners), 2)
        self.assertEqual(self.stand.runner.settings.options, {"username": "other"})
        self.assertEqual(self.stand.runner.groups, [["2"]])

    def test_a_rebind_makes_the_plugin_anew_and_there_is_no_single_one(self):
        error = self.assertRaises(Refused, self.desk.rebind, "prov", 0)
        self.assertEqual(error.detail, "prov has no binds: without `bind` its plugin is started anew")
        self.desk.rebind("prov", None)
        self.stand.advance(1)
        self.assertEqual(len(self.stand.runners), 2)
        self.assertTrue(self.status().up)

    def test_stopped_and_started(self):
        self.successResultOf(self.desk.want("prov", "ann", "stop"))
        self.assertEqual((self.status().state, self.status().binds[0].state), ("stopped", "stopped"))
        self.assertRaises(Refused, self.desk.rebind, "prov", None)
        self.successResultOf(self.desk.want("prov", "ann", "start"))
        self.stand.pump()
        self.assertEqual((self.status().state, self.status().binds[0].state), ("on", "bound"))

    def test_settings_in_effect_are_shown_with_what_operators_want(self):
        self.successResultOf(self.desk.limit("prov", "ann", {"window": 2}))
        shown = self.desk.config("prov")
        self.assertEqual((shown["provider"], shown["window"], shown["group"]), ("nothing", 2, 3))
        self.assertEqual(shown["options"], {})

    def test_an_owner_that_there_is_not_is_told_at_a_start_and_at_a_reload(self):
        said = []
        self.patch(connector_desk, "_log", Log(said))
        desk = self.made(settings(tenant="shop"), tenants={"demo": object()}.get)
        self.successResultOf(Deferred.fromCoroutine(desk.start()))
        desk.reconfigure([settings(tenant="demo")])
        desk.reconfigure([settings(tenant="shop")])
        told = ("provider.tenant_unknown", {"connector": "prov", "tenant": "shop"})
        self.assertEqual(said, [told, told])


class Log:
    def __init__(self, said):
        self.said = said

    def warning(self, event, **fields):
        self.said.append((event, fields))

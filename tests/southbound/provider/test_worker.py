"""A provider in a process of its own: real processes, whose plugin does its worst."""

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks

from smsgwd.providers import Accepted, CallbackRequest, Sent, SlowDown
from smsgwd.southbound.provider.calls import AskBalance, AskStates, Receive
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.worker import ProcessRunner
from smsgwd.southbound.provider.worker_process import environment
from tests.southbound.provider import odd_plugins
from tests.southbound.provider.test_local import Case, WallClock, send


class WorkerCase(Case):
    """A runner whose process finds the odd plugin among those installed."""

    timeout = 60

    def setUp(self):
        super().setUp()
        path = Path(self.mktemp()).absolute()
        about = path / "smsgwd_odd-1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: smsgwd-odd\nVersion: 1\n")
        (about / "entry_points.txt").write_text("[smsgwd.providers]\nodd = odd_plugins:plugin\n")
        (path / "odd_plugins.py").write_text(Path(odd_plugins.__file__).read_text())
        root = Path(odd_plugins.__file__).parents[3]
        self.path = path
        given = {"PYTHONPATH": f"{path}{os.pathsep}{root}", "SECRET_THING": "x", "NOTIFY_SOCKET": "y"}
        changed = patch.dict(os.environ, given)
        changed.start()
        self.addCleanup(changed.stop)

    def runner(self, rate=0.0, options=None, terms=None, **settings):
        self.permits = Permits(reactor, rate)
        given = {"base_url": self.url, "password": "s3cr&t/+é", **(options or {})}
        made = ProviderSettings("c1", odd_plugins.plugin, "account", options=given, **settings)
        runner = ProcessRunner(
            made,
            reactor,
            WallClock(),
            self.permits,
            "http://us.example/callback",
            **{"waits_s": (0.05, 0.1), **(terms or {})},
        )
        self.addCleanup(runner.stop)
        self.states, self.waiting = [], []
        runner.start(lambda: self.changed(runner))
        return runner

    def changed(self, runner):
        self.states.append(runner.state)
        waiting, self.waiting = self.waiting, []
        for state, until in waiting:
            if runner.state == state:
                until.callback(None)
            else:
                self.waiting.append((state, until))

    def until(self, runner, state):
        """Fires when it is in that state."""
        until = Deferred()
        if runner.state == state:
            until.callback(None)
        else:
            self.waiting.append((state, until))
        return until

    @inlineCallbacks
    def running(self, **given):
        runner = self.runner(**given)
        yield self.until(runner, "running")
        return runner

    @inlineCallbacks
    def dies_of(self, runner, call, limit_s=30):
        """A call that costs the process its life; the next one does not notice."""
        pid = runner.pid
        done = yield runner.call(call, limit_s)
        self.assertTrue(done.fault)
        yield self.until(runner, "running")
        self.assertNotEqual(runner.pid, pid)
        self.assertEqual((self.permits.under_way, self.permits.waiting), (0, 0))
        again = yield runner.call(send("accept"), 30)
        self.assertEqual(again.verdicts, [Accepted("id1")])
        return done


class WorkTests(WorkerCase):
    """What goes well."""

    @inlineCallbacks
    def test_all_that_is_asked(self):
        runner = yield self.running(options={"names": ["a", "b"]})
        self.assertEqual(self.states, ["starting", "running"])
        self.assertNotIn(runner.pid, (0, os.getpid()))
        done = yield runner.call(send("accept", 100), 5)
        self.assertEqual(done.verdicts[99], Accepted("id100"))
        self.assertFalse(done.written)
        done = yield runner.call(send("ask"), 5)
        self.assertEqual((done.verdicts, done.written), ([Accepted("ok")], True))
        done = yield runner.call(send("where"), 5)
        self.assertEqual(done.verdicts, [Accepted("c1 http://us.example/callback a,b")])
        done = yield runner.call(send("halt"), 5)
        self.assertEqual(done.halted, SlowDown("throttled"))
        done = yield runner.call(AskStates([Sent("1", "f1", "30690", "", "", 0, 0)]), 5)
        self.assertEqual(done.reports[0].foreign_id, "f1")
        done = yield runner.call(AskBalance(), 5)
        self.assertEqual(done.balance.amount, 1.5)
        done = yield runner.call(Receive(CallbackRequest("POST", body=b"\xff")), 5)
        self.assertEqual((done.callback.body, done.callback.events[0].foreign_id), (b"\xff", "x"))
        done = yield runner.call(Receive(CallbackRequest("PUT")), 5)
        self.assertEqual((done.callback.status, done.refused), (405, True))
        done = yield runner.call(send("environment"), 5)
        self.assertEqual(done.verdicts, [Accepted("")])
        self.assertEqual((self.permits.under_way, runner.restarts, runner.trouble), (0, 0, ""))

    @inlineCallbacks
    def test_it_has_no_descriptor_of_ours_but_its_link(self):
        with Path(self.mktemp()).open("w") as store:
            os.set_inheritable(store.fileno(), True)
            os.set_inheritable(self.port.fileno(), True)
            runner = yield self.running()
            done = yield runner.call(send("descriptors"), 5)
        held = done.verdicts[0].foreign_id.split()
        ours = {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}
        self.assertEqual(len(held), 2)  # the link and /dev/null
        self.assertEqual({each for each in held if each in ours} - {"/dev/null"}, set())

    @inlineCallbacks
    def test_no_more_is_imported_than_must_be(self):
        runner = yield self.running()
        done = yield runner.call(send("modules"), 5)
        self.assertEqual(done.verdicts, [Accepted("0")])

    @inlineCallbacks
    def test_faults_are_not_the_process(self):
        runner = yield self.running()
        pid = runner.pid
        for what in ("raise", "system_exit", "types", "surrogate", "none", "stubborn", "memory"):
            done = yield runner.call(send(what), 0.3 if what == "stubborn" else 30)
            self.assertTrue(done.fault, what)
            self.assertFalse(done.written)
        self.assertEqual(runner.pid, pid)

    @inlineCallbacks
    def test_the_limit_of_a_call(self):
        self.server.answer = lambda peer, request: None
        runner = yield self.running()
        done = yield runner.call(send("ask"), 0.2)
        self.assertEqual((done.trouble, done.written, done.fault), ("send took longer than 0.2 s", True, True))
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_permits_are_the_accounts(self):
        runner = yield self.running(rate=1)
        self.permits.ask(self, lambda: None)  # of another connector
        out = runner.call(send("ask"), 0.5)
        waited = Deferred()
        reactor.callLater(0.8, waited.callback, None)
        yield waited
        self.assertFalse(out.called)
        self.assertEqual(self.server.requests, [])
        self.permits.ended()
        done = yield out
        self.assertEqual(done.verdicts, [Accepted("ok")])

    @inlineCallbacks
    def test_what_is_recorded(self):
        runner = yield self.running()
        done = yield runner.call(send("secret", client_ref="tok-12345"), 5, record=True)
        self.assertEqual([each.status for each in done.exchanges], [200, 200])
        self.assertNotIn("s3cr", repr(done))

    @inlineCallbacks
    def test_lines_travel(self):
        runner = yield self.running()
        said = []
        runner._say = lambda event, fields: said.append((event, fields))
        yield runner.call(send("log"), 5)
        event, fields = said[0]
        self.assertEqual(event, "provider.said")
        self.assertEqual(
            (fields["what"], fields["number"], fields["password"], fields["what_"]), ("hello", 5, "***", "mine")
        )
        self.assertEqual(len(said), 50)
        yield runner.call(send("raise"), 5)
        event, fields = said[-1]
        self.assertEqual((event, fields["method"]), ("provider.fault", "send"))
        self.assertIn("ValueError at ", fields["reason"])

    @inlineCallbacks
    def test_prints_go_nowhere(self):
        runner = yield self.running()
        done = yield runner.call(send("print"), 30)
        self.assertEqual(done.verdicts, [Accepted("printed")])

    @inlineCallbacks
    def test_stop_and_start(self):
        self.server.answer = lambda peer, request: None
        runner = yield self.running()
        pid = runner.pid
        out = [runner.call(send("wait"), 50), runner.call(send("ask"), 50)]
        stopped = runner.stop()
        done = yield gatherResults(out)
        self.assertEqual([each.trouble for each in done], ["the connector stops"] * 2)
        self.assertFalse(done[0].fault)
        runner.start(lambda: self.changed(runner))
        yield stopped
        self.assertRaises(ProcessLookupError, os.kill, pid, 0)
        yield self.until(runner, "running")
        done = yield runner.call(send("accept"), 5)
        self.assertEqual(done.verdicts, [Accepted("id1")])
        yield runner.stop()
        self.assertEqual((runner.state, runner.pid), ("stopped", 0))
        done = yield runner.call(send("accept"), 5)
        self.assertEqual(done.trouble, "its plugin does not run")


class WorstTests(WorkerCase):
    """What goes wrong."""

    @inlineCallbacks
    def test_exits_and_crashes(self):
        runner = yield self.running()
        done = yield self.dies_of(runner, send("exit"))
        self.assertEqual((done.trouble, done.written), ("its process ended: status 7", False))
        done = yield self.dies_of(runner, send("segfault"))
        self.assertEqual((done.trouble, done.written), ("its process ended: by SIGSEGV", False))
        self.assertEqual((runner.trouble, runner.restarts), ("its process ended: by SIGSEGV", 2))

    @inlineCallbacks
    def test_hangs(self):
        runner = yield self.running(terms={"ping_every_s": 0.1, "pings": 5})
        for what in ("block", "loop", "ignore_signals"):
            done = yield self.dies_of(runner, send(what))
            self.assertIn("its process did not answer for ", done.trouble)
            self.assertFalse(done.written)

    @inlineCallbacks
    def test_what_it_has_started_goes_with_it(self):
        """A child that it left behind has its end of the link open: nothing tells the gateway that it is gone."""
        runner = yield self.running(terms={"ping_every_s": 0.1, "pings": 3})
        told = self.path / "child"
        yield self.dies_of(runner, send("orphan", client_ref=str(told)))
        with contextlib.suppress(ProcessLookupError):
            child = os.pidfd_open(int(told.read_text()))
            self.addCleanup(os.close, child)
            self.assertEqual(select.select([child], [], [], 20)[0], [child])
        yield runner.call(send("orphan", client_ref=str(told)), 0.1)
        yield runner.stop()
        self.assertEqual((runner.state, runner.pid), ("stopped", 0))

    @inlineCallbacks
    def test_hangs_after_a_request(self):
        runner = yield self.running(terms={"ping_every_s": 0.1, "pings": 5})
        done = yield self.dies_of(runner, send("loop_written"))
        self.assertTrue(done.written)

    @inlineCallbacks
    def test_killed_with_requests_under_way_and_waiting(self):
        self.server.answer = lambda peer, request: os.kill(runner.pid, signal.SIGKILL)
        runner = yield self.running(rate=1)
        out = [runner.call(send("ask"), 30) for _ in range(3)] + [runner.call(send("wait"), 30)]
        done = yield gatherResults(out)
        self.assertEqual([each.written for each in done], [True, False, False, False])
        self.assertEqual({each.trouble for each in done}, {"its process ended: by SIGKILL"})
        self.assertEqual((self.permits.under_way, self.permits.waiting), (0, 0))

    @inlineCallbacks
    def test_a_call_that_its_process_does_not_end(self):
        runner = yield self.running(terms={"grace_s": 0.2})
        done = yield runner.call(send("block"), 0.2)
        self.assertEqual((done.trouble, done.fault), ("send took longer than 0.2 s", True))

    @inlineCallbacks
    def test_dies_while_it_is_made(self):
        runner = self.runner(options={"make": "exit"})
        for _ in range(3):
            yield self.until(runner, "failed")
            self.assertEqual(runner.trouble, "its process ended: status 9")
            yield self.until(runner, "starting")
        done = yield runner.call(send("accept"), 5)
        self.assertEqual((done.trouble, done.fault), ("its plugin does not run", False))

    @inlineCallbacks
    def test_cannot_be_made(self):
        runner = self.runner(options={"make": "raise"})
        yield self.until(runner, "failed")
        self.assertIn("RuntimeError at odd_plugins.py", runner.trouble.replace(self.path.name + "/", ""))
        self.assertNotIn("s3cr", runner.trouble)

    @inlineCallbacks
    def test_is_not_installed(self):
        (self.path / "smsgwd_odd-1.dist-info" / "entry_points.txt").write_text("")
        runner = self.runner()
        yield self.until(runner, "failed")
        self.assertIn("'odd' is not installed", runner.trouble)

    @inlineCallbacks
    def test_hangs_while_it_is_made(self):
        runner = self.runner(options={"make": "hang"}, terms={"begin_s": 1})
        yield self.until(runner, "failed")
        self.assertEqual(runner.trouble, "its process did not answer for 1 s")

    @inlineCallbacks
    def test_dies_once(self):
        runner = self.runner(options={"make": "once", "base_url": str(self.path / "mark")})
        yield self.until(runner, "running")
        self.assertEqual(self.states, ["starting", "failed", "starting", "running"])

    @inlineCallbacks
    def test_a_frame_that_cannot_be_read(self):
        runner = yield self.running()
        runner._link.dataReceived(b"\x00\x00\x00\x01\xff")
        yield self.until(runner, "failed")
        self.assertIn("a frame that cannot be read", runner.trouble)
        yield self.until(runner, "running")

    def test_no_process_to_be_had(self):
        with patch("subprocess.Popen", side_effect=OSError("no room")):
            runner = self.runner()
        self.assertEqual((runner.state, runner.trouble), ("failed", "its process cannot be started: no room"))

    def test_it_ends_with_the_gateway(self):
        """Also where the plugin does nothing but turn in circles, and the gateway is killed."""
        code = (
            "import sys; sys.path[:0] = sys.argv[3:]\n"
            "from smsgwd.net.reactor import install; install()\n"
            "from twisted.internet import reactor\n"
            "from tests.southbound.provider.test_local import WallClock, send\n"
            "from tests.southbound.provider.test_worker import ProcessRunner, ProviderSettings, Permits, odd_plugins\n"
            "made = ProviderSettings('c1', odd_plugins.plugin, 'a', options={'password': 'x'})\n"
            "runner = ProcessRunner(made, reactor, WallClock(), Permits(reactor, 0))\n"
            "def changed():\n"
            "    if runner.state == 'running':\n"
            "        runner.call(send('loop'), 30)\n"
            "        reactor.callLater(0.2, lambda: print(runner.pid, flush=True))\n"
            "runner.start(changed)\n"
            "reactor.run()\n"
        )
        root = str(Path(odd_plugins.__file__).parents[3])
        gateway = subprocess.Popen([sys.executable, "-c", code, "", "", root], stdout=subprocess.PIPE)
        self.addCleanup(gateway.stdout.close)
        for line in gateway.stdout:
            if line.strip().isdigit():
                break
        pid = int(line)
        ends = os.pidfd_open(pid)
        self.addCleanup(os.close, ends)
        gateway.kill()
        gateway.wait()
        readable, _, _ = select.select([ends], [], [], 20)
        self.assertEqual(readable, [ends])


def test_it_is_as_modest_as_it_may():
    code = (
        "import os, resource, sys; from unittest.mock import patch\n"
        "from smsgwd.southbound.provider.worker_main import be_modest\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))\n"
        "be_modest(1 << 31)\n"
        "print(os.nice(0) > int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_DATA)[0] == 1 << 30)\n"
        "with patch('os.nice', side_effect=PermissionError), patch('resource.setrlimit', side_effect=OSError):\n"
        "    be_modest(1 << 28)\n"
        "be_modest(1 << 29)\n"
        "print(resource.getrlimit(resource.RLIMIT_DATA)[0] == 1 << 29, resource.getrlimit(resource.RLIMIT_CORE))\n"
    )
    root = str(Path(odd_plugins.__file__).parents[3])
    ours = str(os.nice(0))
    said = subprocess.run([sys.executable, "-c", code, ours], capture_output=True, cwd=root, text=True, check=True)
    assert said.stdout.split("\n") == ["True True", "True (0, 0)", ""]


def test_environment():
    given = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PYTHONPATH": "x",
        "NOTIFY_SOCKET": "n",
        "STRIPE_KEY": "secret",
        "TZ": "UTC",
    }
    assert environment(given) == {"PATH": "/bin", "LC_ALL": "C", "PYTHONPATH": "x", "TZ": "UTC"}

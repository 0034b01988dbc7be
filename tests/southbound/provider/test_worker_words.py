"""What a plugin's process says is not believed further than it can be true: frames of a plugin that writes its own."""

from twisted.internet.defer import inlineCallbacks

from smsgwd.providers import Accepted
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.frames import Alive, Failed, Finished, Over, Said, encode
from tests.southbound.provider.test_local import send
from tests.southbound.provider.test_worker import WorkerCase


class WordTests(WorkerCase):
    """On its link."""

    @inlineCallbacks
    def test_it_says_what_nobody_waits_for(self):
        for what in (Alive(), Finished(0, Done(trouble="x")), Over(10**9), Said("provider.said", {"what": "x"})):
            runner = yield self.running()
            runner._say = lambda event, fields: None
            runner._link.dataReceived(encode(what) * 1000)
            self.assertEqual(runner.state, "running")
            runner._link.dataReceived(encode(what) * 10)
            yield self.until(runner, "failed")
            self.assertEqual(runner.trouble, "it says too much")
            yield runner.stop()

    @inlineCallbacks
    def test_why_it_cannot_be_made_is_one_short_line(self):
        runner = yield self.running()
        runner._link.dataReceived(encode(Failed("a\x1b[2J" + "x" * 1_000_000)))
        yield self.until(runner, "failed")
        self.assertEqual(runner.trouble, "a [2J" + "x" * 195)

    @inlineCallbacks
    def test_what_it_says_is_checked_here_too(self):
        runner = yield self.running()
        out = runner.call(send("wait"), 30)
        runner._link.dataReceived(encode(Finished(1, Done(halted=Accepted("x")))))
        done = yield out
        self.assertEqual((done.trouble, done.fault, done.halted), ("raised a Halt with Accepted", True, None))

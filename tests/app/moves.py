"""What a move is made of, for tests: an assistant that answers when it is told to, and a configuration."""

from __future__ import annotations

from types import SimpleNamespace

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.mover import Mover
from smsgwd.config.model.root import Config
from smsgwd.config.model.store import EmbeddedStore, RedisStore
from smsgwd.store.copying.moving import NotMoved

EMBEDDED = EmbeddedStore(kind="embedded")
REDIS = RedisStore(kind="redis", url="redis://127.0.0.1:1/0", prefix="shop")


class Assistants:
    """Processes as they are started: each step that is asked is answered by `answers` (a number, or an exception), or
    waits in `waiting`."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.asked: list[str] = []
        self.answers: dict[str, object] = {}
        self.takes: dict[str, float] = {}  # seconds
        self.waiting: Deferred[int] | None = None
        self.started = self.ended = 0
        self.told = None

    def __call__(self, directory, told):
        self.started += 1
        self.told = told
        return One(self)


class One:
    def __init__(self, all_of_them: Assistants) -> None:
        self._all = all_of_them
        self._over = False
        self._asked: Deferred[int] | None = None

    def ask(self, step):
        every = self._all
        if self._over:
            return fail(NotMoved("it was ended"))
        every.asked.append(step)
        every.clock.rightNow += every.takes.get(step, 0.0)
        answer = every.answers.get(step)
        if answer is None:
            every.waiting = self._asked = Deferred()
            return self._asked
        return fail(answer) if isinstance(answer, Exception) else succeed(answer)

    def end(self):
        if not self._over:
            self._over = True
            self._all.ended += 1
            if self._asked is not None and not self._asked.called:
                self._asked.errback(NotMoved("it was ended"))


class World:
    """A mover of a gateway with the embedded store, whose file says Redis."""

    def __init__(self, directory, left=None, store=EMBEDDED, file=REDIS):
        self.clock = Clock()
        self.config = Config(node="gw1", data_dir=str(directory), store=store)
        self.file = self.config.model_copy(update={"store": file})
        self.wrong = None
        self.others = []
        self.spooled = 0
        self.cut = []
        self.assistants = Assistants(self.clock)
        self.assistants.answers = {"bulk": 0, "follow": 5, "last": 3, "done": 0, "abandon": 0}
        self.mover = Mover(
            self.config,
            self.clock,
            SimpleNamespace(now_ms=lambda: 1_000, monotonic=self.clock.seconds),
            read=self.read,
            start=self.assistants,
            others=lambda: self.others,
            waiting=lambda: self.spooled,
            cut_over=self.cut.append,
            left=left,
        )

    async def read(self):
        if self.wrong is not None:
            raise self.wrong
        return self.file

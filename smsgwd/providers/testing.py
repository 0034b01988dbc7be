"""For tests of a plugin: a host without a gateway, and a loop that runs a provider's coroutine to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, TypeVar

from smsgwd.providers.http import Reply, Request
from smsgwd.providers.message import Outbound
from smsgwd.providers.plugin import Plugin, Provider

T = TypeVar("T")


class _Ready(Awaitable[T]):
    """Is there already."""

    def __init__(self, get: Callable[[], T]) -> None:
        self._get = get

    def __await__(self) -> Generator[Any, None, T]:
        yield from ()
        return self._get()


class TestHost:
    """A `Host` whose answers are what `answer(request)` gives (or raises), in the order asked; no time passes."""

    __test__ = False  # no class of tests, whatever its name

    def __init__(self, answer: Callable[[Request], Reply], *, callback_url: str = "", now_ms: int = 0) -> None:
        self.connector = "test"
        self.callback_url = callback_url
        self.requests: list[Request] = []  #: as they were sent
        self.logged: list[tuple[str, Mapping[str, Any]]] = []
        self.slept = 0.0
        self._answer = answer
        self._now_ms = now_ms

    def request(self, request: Request) -> Awaitable[Reply]:
        """See Host."""
        self.requests.append(request)
        return _Ready(lambda: self._answer(request))

    def sleep(self, seconds: float) -> Awaitable[None]:
        """See Host; the clock goes on by so much."""
        self.slept += seconds
        return _Ready(lambda: None)

    def now_ms(self) -> int:
        """See Host."""
        return self._now_ms + int(self.slept * 1000)

    def log(self, event: str, **fields: str | int | float) -> None:
        """See Host."""
        self.logged.append((event, fields))


def replies(*given: Reply | Exception) -> Callable[[Request], Reply]:
    """Answers one after another; an exception is raised."""
    left = list(given)

    def answer(request: Request) -> Reply:
        if not left:
            raise AssertionError(f"one request too many: {request.method} {request.url}")
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return answer


def provider(plugin: Plugin, host: TestHost, options: Mapping[str, Any]) -> Provider:
    """A provider as the host makes it: options are checked as `smsgwd check` does. Raises pydantic.ValidationError."""
    return plugin.provider(plugin.options.model_validate(dict(options)), host)


def run(call: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing but a TestHost."""
    try:
        call.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    call.close()
    raise AssertionError("it waits for something that is not its host")


def outbound(number: int = 1, **fields: Any) -> Outbound:
    """A message to send; `fields` are those of Outbound."""
    return Outbound(**{"id": str(number), "to": f"3069{number:08d}", "sender": "iSMS", "text": "Hello", **fields})


def group(count: int, **fields: Any) -> Sequence[Outbound]:
    """`count` messages that are alike but for id and recipient."""
    return [outbound(number, **fields) for number in range(1, count + 1)]

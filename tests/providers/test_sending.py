"""What plugins that send groups have in common."""

import pytest

from smsgwd.providers import Accepted, NoAnswer, NotSent, Park, Permanent, Reply, SlowDown, Stop, Temporary, Unknown
from smsgwd.providers.sending import by_status, in_halves
from smsgwd.providers.testing import TestHost, group, run

HOST = TestHost(lambda request: Reply(200))


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (204, None),
        (302, Permanent("http_302", "HTTP 302", "connector")),
        (400, Permanent("http_400", "HTTP 400", "connector")),
        (401, Stop("HTTP 401: the credentials are refused")),
        (402, Park("HTTP 402: no credit")),
        (403, Permanent("http_403", "HTTP 403", "connector")),
        (408, Temporary("HTTP 408", 7.0)),
        (429, SlowDown("HTTP 429", 7.0)),
        (503, Temporary("HTTP 503", 7.0)),
    ],
)
def test_statuses(status, verdict):
    assert by_status(Reply(status, {"retry-after": "7"})) == verdict


def asker(bad, asked):
    """Refuses what has one of the `bad` in it."""

    async def ask(some):
        asked.append([int(each.id) for each in some])
        if not bad.intersection(asked[-1]):
            return [Accepted(each.id) for each in some]
        return None if len(some) > 1 else [Permanent("bad")]

    return ask


@pytest.mark.parametrize(("count", "bad", "most"), [(1, {1}, 1), (8, set(), 1), (100, {50}, 15), (100, {1, 100}, 27)])
def test_those_that_are_not_to_blame_go_out(count, bad, most):
    asked = []
    verdicts = run(in_halves(HOST, group(count), asker(bad, asked)))
    assert {place for place, verdict in enumerate(verdicts, 1) if verdict == Permanent("bad")} == bad
    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == count - len(bad)
    assert len(asked) <= most


def test_what_takes_too_many_requests_is_put_off():
    asked = []
    verdicts = run(in_halves(HOST, group(100), asker(set(range(1, 101)), asked)))
    assert len(asked) == 60
    assert {type(verdict) for verdict in verdicts} == {Permanent, SlowDown}


def test_what_takes_too_long_is_put_off():
    host = TestHost(lambda request: Reply(200))

    async def ask(some):
        await host.sleep(9.0)
        return None if len(some) > 1 else [Accepted("x")]

    verdicts = run(in_halves(host, group(4), ask))
    assert [type(verdict) for verdict in verdicts] == [Accepted, SlowDown, SlowDown, SlowDown]


@pytest.mark.parametrize("verdict", [Stop("s"), Park("p"), SlowDown("s"), Temporary("t")])
def test_what_is_said_of_the_account_is_said_once(verdict):
    answers = [None, [Accepted("x")] * 2, None, [verdict]]

    async def ask(some):
        return answers.pop(0)

    assert run(in_halves(HOST, group(4), ask)) == [Accepted("x")] * 2 + [verdict] * 2
    assert not answers


@pytest.mark.parametrize(("error", "kind"), [(NotSent("n"), Temporary("n")), (NoAnswer("n"), Unknown("n"))])
def test_troubles(error, kind):
    answers = [None, [Accepted("x")], error]

    async def ask(some):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert run(in_halves(HOST, group(2), ask)) == [Accepted("x"), kind]
    answers = [error]
    with pytest.raises(type(error)):
        run(in_halves(HOST, group(2), ask))

"""One message through a connector's plugin, for an operator who tries it: past queue, limits of parts and books."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from smsgwd.gsm.errors import GsmError
from smsgwd.gsm.plan import plan
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus
from smsgwd.providers.message import Outbound, Sent
from smsgwd.providers.plugin import Plugin
from smsgwd.providers.verdicts import Accepted
from smsgwd.southbound.provider.calls import AskStates, Call, Done, Exchange, Send
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import get_logger

_VALID_MS: Final = 3_600_000
_FIRST_S: Final = 1.0
_LONGEST_S: Final = 15.0
_START_S: Final = 5.0  #: how long a plugin is waited for that is just starting, as behind a reload
_LOOK_S: Final = 0.05
_log = get_logger("daemon")


class Tried(Protocol):
    """A connector of kind provider, as far as a test needs it (`southbound.provider.connector`)."""

    @property
    def settings(self) -> ProviderSettings:
        """What it goes by."""

    def call(self, call: Call, *, record: bool = False) -> Deferred[Done]:
        """Ask its plugin; never fails."""
        ...

    def status(self) -> ConnectorStatus:
        """How it is."""
        ...


class Connectors(Protocol):
    """Where connectors are found (`ConnectorDispatcher`)."""

    def provider(self, connector: str) -> Tried | None:
        """That connector, if it is of kind provider."""
        ...

    def status(self) -> Sequence[ConnectorStatus]:
        """All of them, of any kind."""
        ...


class PluginDesk:
    """Implements `ops.plugins.Tester`."""

    def __init__(self, connectors: Connectors, clock: Clock, reactor: IReactorTime) -> None:
        self._connectors = connectors
        self._clock = clock
        self._reactor = reactor
        self._numbers = itertools.count(1)

    def connector(self, name: str) -> str:
        """See ops.plugins.Tester."""
        there = [each for each in self._connectors.status() if each.provider is not None]
        if any(each.id == name for each in there):
            return name
        using = [each.id for each in there if each.provider is not None and each.provider.plugin == name]
        if len(using) == 1:
            return using[0]
        if using:
            raise Refused(Refusal.INVALID, f"{', '.join(using)} use the plugin {name}: name one of them")
        known = ", ".join(each.id for each in there) or "none"
        raise Refused(Refusal.INVALID, f"no connector {name} of kind provider, and none with that plugin: {known}")

    def look(self, connector: str) -> dict[str, Any]:
        """See ops.plugins.Tester."""
        status = self._found(connector).status().provider
        return {} if status is None else {"balance": status.balance, "requests": status.requests}

    def test(self, connector: str, to: str, sender: str, text: str, wait_s: int) -> Deferred[dict[str, Any]]:
        """See ops.plugins.Tester."""
        return Deferred.fromCoroutine(self._test(connector, to, sender, text, wait_s))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _found(self, connector: str) -> Tried:
        found = self._connectors.provider(connector)
        if found is None:
            raise Refused(Refusal.INVALID, f"there is no connector {connector} of kind provider any more")
        return found

    async def _test(self, name: str, to: str, sender: str, text: str, wait_s: int) -> dict[str, Any]:
        connector = self._found(name)
        plugin = connector.settings.plugin
        message = self._message(to, sender, text)
        await self._started(connector)
        done = await connector.call(Send((message,)), record=True)
        verdict = done.verdicts[0] if done.verdicts else done.halted
        kind = "none" if verdict is None else str(type(verdict).__struct_config__.tag)
        _log.info("provider.tested", connector=name, verdict=kind)
        told = {
            "connector": name,
            "plugin": plugin.name,
            "verdict": kind,
            **({} if verdict is None else msgspec.to_builtins(_untagged(verdict))),
            "trouble": done.trouble,
            "exchanges": _shown(done.exchanges),
        }
        if wait_s and isinstance(verdict, Accepted):
            told |= await self._asked(connector, plugin, message, verdict.foreign_id, wait_s)
        return told

    async def _started(self, connector: Tried) -> None:
        until = self._clock.monotonic() + _START_S
        while (status := connector.status().provider) is not None and status.state == "starting":
            if self._clock.monotonic() >= until:
                return
            await deferLater(self._reactor, _LOOK_S)

    def _message(self, to: str, sender: str, text: str) -> Outbound:
        now = self._clock.now_ms()
        try:
            planned = plan(text)
        except GsmError as error:
            raise Refused(Refusal.INVALID, f"text: {error}") from None
        return Outbound(
            # No message has such a short one: those begin with the time, above 22 bits of node and sequence.
            id=f"{now // 1000}{next(self._numbers) % 1000:03d}",
            to=to,
            sender=sender,
            text=text,
            alphabet="gsm" if planned.encoding == "gsm7" else "ucs2",
            parts=planned.parts,
            deadline_ms=now + _VALID_MS,
        )

    async def _asked(
        self, connector: Tried, plugin: Plugin, message: Outbound, foreign_id: str, wait_s: int
    ) -> dict[str, Any]:
        """Its states, asked for at growing intervals until one is final or the time is over."""
        if not plugin.can("states"):
            return {"states": [], "final": False, "note": f"the plugin {plugin.name} cannot ask for states"}
        sent_ms, begun = self._clock.now_ms(), self._clock.monotonic()
        sent = Sent(
            message.id, foreign_id, message.to, message.sender, message.text, sent_ms, message.deadline_ms,
            message.parts,
        )  # fmt: skip
        states: list[dict[str, Any]] = []
        exchanges: list[dict[str, Any]] = []
        pause = _FIRST_S
        while (left := begun + wait_s - self._clock.monotonic()) > 0:
            await deferLater(self._reactor, min(pause, left))
            pause = min(2 * pause, _LONGEST_S)
            done = await connector.call(AskStates((sent,)), record=True)
            exchanges += _shown(done.exchanges)
            report = next(iter(done.reports or ()), None)
            state = None if report is None else report.state
            states.append(
                {
                    "after_s": round(self._clock.monotonic() - begun, 1),
                    "state": "" if state is None else state.name.lower(),
                    "word": "" if report is None else report.word,
                    "error": "" if report is None else report.error,
                    "trouble": done.trouble,
                }
            )
            if state is not None:
                break
        return {"states": states, "final": bool(states and states[-1]["state"]), "asked": exchanges}


def _untagged(verdict: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(verdict, name) for name in verdict.__struct_fields__}


def _shown(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    return [
        {
            "method": each.method,
            "url": each.url,
            "headers": dict(each.headers),
            "body": each.body,
            "status": each.status,
            "answer_headers": dict(each.answer_headers),
            "answer": each.answer,
            "ms": round(each.ms, 1),
            "trouble": each.trouble,
        }
        for each in exchanges
    ]

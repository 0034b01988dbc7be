"""`pdu tap`, `pdu pcap` and their `-full` sisters: the PDUs of a connector or an account, live or in a file.

Passwords never show. Texts and numbers only by the commands that end in `-full`, which need the role admin and stand in
the audit.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.ops.params import carried_out, phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ops.taps import MOST_PACKETS, About, Taps
from smsgwd.telemetry import get_logger

_log = get_logger("ops")
_TAP_S: Final = 300
_MOST_TAP_S: Final = 3600
_CAPTURE_S: Final = 10
_MOST_CAPTURE_S: Final = 300
_PACKETS: Final = 10_000

_ABOUT: Final = (
    Parameter("connector", "Only what goes over this connector's binds", values="connector"),
    Parameter("account", "Only what goes over the binds of this ESME", values="account"),
)
_TAP: Final = (
    *_ABOUT,
    Parameter("number", "Only PDUs with this number, and the answers to them"),
    Parameter("seconds", f"For so long at most ({_TAP_S}; up to {_MOST_TAP_S})"),
    Parameter("after", "Where to go on; smsgwctl gives it by itself"),
)
_PCAP: Final = (
    Parameter("file", "New local file to write", required=True),
    *_ABOUT,
    Parameter("seconds", f"For so long ({_CAPTURE_S}; up to {_MOST_CAPTURE_S})"),
    Parameter("packets", f"Or until there are so many PDUs ({_PACKETS}; up to {MOST_PACKETS})"),
)


class Pdus:
    """Commands that look at PDUs; `connectors` gives the names of those there are."""

    def __init__(self, taps: Taps, connectors: Callable[[], Collection[str]]) -> None:
        self._taps = taps
        self._connectors = connectors

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "pdu",
                "tap",
                "Follow the PDUs of a connector or an account as they pass: no texts, numbers cut",
                lambda params: self._tap(params, False),
                _TAP,
                role="operate",
                follow=True,
                hides=("number",),
                examples=("pdu tap sim", "pdu tap account=shop", "pdu tap sim number=306912345678 seconds=60"),
            ),
            Command(
                "pdu",
                "tap-full",
                "Follow the PDUs of a connector or an account with texts and numbers",
                lambda params: self._tap(params, True),
                _TAP,
                changes=True,
                look=self._look,
                follow=True,
                hides=("number",),
                examples=("pdu tap-full sim number=306912345678",),
            ),
            Command(
                "pdu",
                "pcap",
                "Save the PDUs of the next seconds as a file for Wireshark: no texts, numbers cut",
                lambda params: self._pcap(params, False),
                _PCAP,
                role="operate",
                long=True,
                saves="file",
                examples=("pdu pcap sim.pcap sim seconds=30", "pdu pcap shop.pcap account=shop packets=500"),
            ),
            Command(
                "pdu",
                "pcap-full",
                "Save the PDUs of the next seconds as a file for Wireshark, with texts and numbers",
                lambda params: self._pcap(params, True),
                _PCAP,
                changes=True,
                look=self._look,
                long=True,
                saves="file",
                examples=("pdu pcap-full sim.pcap sim seconds=30",),
            ),
        ]

    def _look(self, params: Params) -> list[dict[str, Any]]:
        return self._taps.status()

    def _tap(self, params: Params, full: bool) -> dict[str, Any] | Deferred[dict[str, Any]]:
        after = params.get("after", "")
        if after:
            return self._taps.read(after, full)
        about = self._about(params, full)
        seconds = _seconds(params, _TAP_S, _MOST_TAP_S)
        answer = self._taps.begin(about, seconds)
        _log.info("pdu.tapped", connector=about.connector, account=about.account, full=full, seconds=seconds)
        return answer

    def _pcap(self, params: Params, full: bool) -> Deferred[dict[str, Any]]:
        about = self._about(params, full)
        seconds = _seconds(params, _CAPTURE_S, _MOST_CAPTURE_S)
        packets = max(1, whole_number(params, "packets", _PACKETS, MOST_PACKETS))
        return carried_out(self._captured(about, seconds, packets))

    async def _captured(self, about: About, seconds: int, packets: int) -> dict[str, Any]:
        _log.info("pdu.tapped", connector=about.connector, account=about.account, full=about.full, seconds=seconds)
        made = await self._taps.capture(about, seconds, packets)
        return {"packets": made.packets, "data": base64.b64encode(made.data).decode("ascii")}

    def _about(self, params: Params, full: bool) -> About:
        connector, account = params.get("connector", ""), params.get("account", "")
        if connector and account:
            raise CommandError("give a connector or an account, not both")
        if connector and connector not in self._connectors():
            raise CommandError(f"there is no connector {connector}")
        number = phone_digits(params, "number") if params.get("number") else ""
        return About(connector, account, number, full)


def _seconds(params: Params, default: int, most: int) -> int:
    seconds = whole_number(params, "seconds", default, most)
    if not seconds:
        raise CommandError(f"seconds must be a number from 1 to {most}")
    return seconds

"""PDUs as they pass: followed live, looked at for a moment, or saved as a file for Wireshark."""

from __future__ import annotations

import base64
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.operators.asked import chosen, wanted
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

_PERIOD_S: Final = 0.5  # the command itself waits up to a second for rows
_KEPT: Final = 100  #: rows on the screen
_LIVE_S: Final = 240  #: less than a stream lives (console.live), so that the browser begins none anew by itself
_LOOKS: Final = 4  #: readings of who looks for a moment, about a second each
SECONDS: Final = (5, 10, 30, 60)  #: of a capture
_PCAP: Final = "application/vnd.tcpdump.pcap"


async def show(visit: OperatorVisit) -> HttpResponse:
    """The page. With `once` it has the PDUs of the next seconds; else a browser with JavaScript follows them."""
    about = _about(visit)
    rows: list[dict[str, Any]] = []
    why = ""
    if wanted(visit, "once"):
        try:
            rows = await _looked(visit, about)
        except Told as told:
            why = str(told)
    connectors, _ = await visit.tried("connector", "list")
    esmes, _ = await visit.tried("esme", "list")
    return visit.show(
        "operators/pdus.html",
        about=about,
        begun=any((about["connector"], about["account"], about["number"])),
        once=wanted(visit, "once"),
        rows=rows,
        why=why,
        connectors=[row["id"] for row in connectors or ()],
        accounts=sorted({row["system_id"] for row in esmes or ()}),
        may_full=visit.may("pdu", "tap-full"),
        seconds=SECONDS,
        kept=_KEPT,
    )


async def live(visit: OperatorVisit) -> HttpResponse:
    """The PDUs as they pass, to this viewer alone."""
    about = _about(visit)
    tap = _Tap(visit, about)
    return visit.live.follow(visit, ("pdus", secrets.token_hex(8)), _PERIOD_S, tap.produce)


async def save(visit: OperatorVisit) -> HttpResponse:
    """The PDUs of the next seconds, as a file."""
    form = visit.form
    connector, account = form.get("connector"), form.get("account")
    verb = "pcap-full" if chosen(visit, "full") else "pcap"
    seconds = form.get("seconds")
    if seconds and seconds not in map(str, SECONDS):
        raise Told(visit._("A capture may last %(most)s seconds at most here.", most=SECONDS[-1]))
    made = await visit.command("pdu", verb, connector=connector, account=account, seconds=seconds)
    return visit.file("smsgwd.pcap", _PCAP, base64.b64decode(made["data"]))


class _Tap:
    """A tap that one viewer reads."""

    def __init__(self, visit: OperatorVisit, about: Mapping[str, str | None]) -> None:
        self._visit = visit
        self._about = about
        self._rows: deque[Mapping[str, Any]] = deque(maxlen=_KEPT)
        self._next = ""
        self._count = 0
        self._over = False

    async def produce(self) -> Mapping[str, str]:
        """The last rows, the newest first."""
        why = ""
        if not self._over:
            try:
                answer = await _tap(self._visit, self._about, self._next)
            except Told as told:
                why, self._over = str(told), True
            else:
                self._next, self._over = answer["next"], answer["ended"]
                self._rows.extendleft(answer["rows"])
                self._count += len(answer["rows"])
        shown = self._visit.render(
            "operators/pdus_rows.html", rows=self._rows, count=self._count, over=self._over, why=why, follows=True
        )
        return {"rows": shown, "over": "yes"} if self._over else {"rows": shown}


async def _tap(visit: OperatorVisit, about: Mapping[str, str | None], after: str, seconds: int = _LIVE_S) -> Any:
    """One reading; the first one, `after` '', only begins."""
    verb = "tap-full" if about["full"] else "tap"
    if after:
        return await visit.command("pdu", verb, after=after)
    return await visit.command(
        "pdu",
        verb,
        connector=about["connector"],
        account=about["account"],
        number=about["number"],
        seconds=seconds,
    )


async def _looked(visit: OperatorVisit, about: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """The PDUs of the next seconds, the newest first."""
    rows: deque[dict[str, Any]] = deque(maxlen=_KEPT)
    answer = await _tap(visit, about, "", _LOOKS)
    for _ in range(_LOOKS):
        answer = await _tap(visit, about, answer["next"])
        rows.extendleft(answer["rows"])
        if answer["ended"]:
            break
    return list(rows)


def _about(visit: OperatorVisit) -> dict[str, str | None]:
    """Whose PDUs are wanted, of the query, or of the form that was refused."""
    found: dict[str, str | None] = {
        name: visit.form.get(name) or visit.query.get(name, "") for name in ("connector", "account", "number")
    }
    full = wanted(visit, "full") or chosen(visit, "full")
    found["full"] = full if visit.may("pdu", "tap-full") else None
    return found


PAGES: Final = (
    Page("GET", "/pdu", show, role="operate"),
    Page("GET", "/live/pdu", live, role="operate"),
    Page("POST", "/pdu", save, role="operate", again=show),
)

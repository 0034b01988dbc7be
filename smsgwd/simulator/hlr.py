"""A simulated HLR: `GET /hlr/NUMBER` answers JSON, the same for the same number each time (docs/simulator.md).

What a number is told by its last two digits, so that a test can ask for any state; its network by its prefix, so that
routes by network can be tried; ported by its third last digit.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.net.http_message import HttpRequest, HttpResponse

Network = tuple[str, str, str, str]  #: country, MCC, MNC, operator

#: By prefix; the last one of a country's that does not own a number is where it was ported to.
NETWORKS: Final[dict[str, Network]] = {
    "30690": ("GR", "202", "09", "Nova"),
    "30693": ("GR", "202", "09", "Nova"),
    "30694": ("GR", "202", "05", "Vodafone"),
    "30695": ("GR", "202", "05", "Vodafone"),
    "30697": ("GR", "202", "01", "Cosmote"),
    "30698": ("GR", "202", "01", "Cosmote"),
    "30": ("GR", "202", "01", "Cosmote"),
    "35796": ("CY", "280", "20", "Epic"),
    "357": ("CY", "280", "01", "Cytamobile"),
    "4477": ("GB", "234", "15", "Vodafone"),
    "44": ("GB", "234", "30", "EE"),
}
_PATH = re.compile(r"/hlr/([1-9][0-9]{6,14})\Z", re.ASCII)
_JSON: Final = (("Content-Type", "application/json"),)
_NETWORK = re.compile(r"([0-9]{1,15}):([A-Z]{2}):([0-9]{3}):([0-9]{2,3}):(.{1,40})\Z")


def parse_network(text: str) -> tuple[str, Network]:
    """PREFIX:COUNTRY:MCC:MNC:NAME as the prefix and its network. Raises ValueError."""
    match = _NETWORK.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not PREFIX:COUNTRY:MCC:MNC:NAME, such as 30697:GR:202:01:Cosmote")
    return match[1], (match[2], match[3], match[4], match[5])


@dataclass(frozen=True, slots=True, kw_only=True)
class HlrOptions:
    """How it answers. Shares are percent, times milliseconds."""

    networks: dict[str, Network] = field(default_factory=lambda: dict(NETWORKS))
    delay_ms: float = 0.0
    fail_pct: float = 0.0  #: share of requests answered 503
    seed: int = 42


class Hlr:
    """A `net.http_message.Handler`. `later(seconds, call)` is the reactor's."""

    def __init__(self, options: HlrOptions, later: Any) -> None:
        self._options = options
        self._later = later
        self._random = Random(options.seed)
        self._networks = dict(sorted(options.networks.items(), key=lambda row: -len(row[0])))
        self._counts: Counter[str] = Counter()

    def summary(self) -> dict[str, int]:
        """How many requests were answered, by outcome."""
        return dict(sorted(self._counts.items()))

    def __call__(self, request: HttpRequest) -> HttpResponse | Deferred[HttpResponse]:
        """Answer one request."""
        if request.method == "GET" and request.path == "/stats":
            return HttpResponse(200, _JSON, msgspec.json.encode(self.summary()))
        match = _PATH.match(request.path)
        if request.method != "GET" or match is None:
            return HttpResponse(404, _JSON, b'{"error":"GET /hlr/NUMBER"}')
        number = match[1]
        ending = number[-2:]
        if ending == "05":
            self._counts["silent"] += 1
            return Deferred()  # until the client gives up
        if self._random.uniform(0, 100) < self._options.fail_pct or ending == "03":
            outcome, response = "trouble", HttpResponse(503, _JSON, b'{"error":"try again"}')
        elif ending == "04":
            outcome, response = "not_told", HttpResponse(404, _JSON, b'{"error":"cannot tell"}')
        else:
            facts = self.facts(number)
            outcome, response = facts["state"], HttpResponse(200, _JSON, msgspec.json.encode(facts))
        self._counts[outcome] += 1
        if not self._options.delay_ms:
            return response
        answer: Deferred[HttpResponse] = Deferred()
        self._later(self._options.delay_ms / 1000, lambda: answer.callback(response))
        return answer

    def facts(self, number: str) -> dict[str, Any]:
        """What is known of a number, by its digits alone."""
        ending = number[-2:]
        network = next((row for prefix, row in self._networks.items() if number.startswith(prefix)), None)
        if ending == "02" or network is None:
            return {"state": "unknown", "country": network[0] if network else ""}
        if ending == "00":
            return {"state": "failed", "country": network[0], "error": "1"}  # MAP unknownSubscriber
        ported = number[-3:-2] == "9"
        if ported:
            others = [row for row in self._networks.values() if row[0] == network[0] and row[1:3] != network[1:3]]
            network = others[-1] if others else network
            ported = bool(others)
        country, mcc, mnc, operator = network
        facts: dict[str, Any] = {
            "state": "delivered",
            "country": country,
            "operator": operator,
            "mcc": mcc,
            "mnc": mnc,
            "ported": ported,
        }
        if ending == "01":
            return {**facts, "state": "undelivered", "error": "27"}  # MAP absentSubscriber
        subscriber = zlib.crc32(number.encode()) % 10 ** (15 - len(mcc + mnc))
        imsi = f"{mcc}{mnc}{subscriber:0{15 - len(mcc + mnc)}d}"
        return {**facts, "imsi": imsi, "msc": f"{number[:2]}{mcc}{mnc}001"}

"""What the model of many nodes takes for granted: each figure in one place, with its unit and where it comes from.

docs/scale.md shows this table (`scripts/gen_scale_docs.py` writes it there). To change a figure for one run:
`scripts/scale_model --assume name=value`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from typing import Any, Final, NamedTuple

CODE: Final = "the code"  #: a constant or a setting's default
GUESSED: Final = "guessed"
MEASURED: Final = "measured here"
STATED: Final = "stated by others"
_MOST_REPLICAS: Final = 16
_AT_LEAST_ONE: Final = (
    "doorway", "claim_page", "commit_most", "commits_under_way", "connectors", "binds", "bind_window", "burst_size",
    "lives", "lives_in_all",
)  # fmt: skip


def _assumed(value: float, unit: str, source: str, what: str) -> Any:
    return field(default=value, metadata={"unit": unit, "source": source, "what": what})


class Assumption(NamedTuple):
    """One of them, as a page shows it."""

    name: str
    value: float
    unit: str
    source: str
    what: str


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All of them. Units are in the names: us, ms and s are times, `share` is between 0 and 1."""

    turn_us: float = _assumed(60, "µs", MEASURED, "node: a turn of the reactor by itself")
    submit_us: float = _assumed(8, "µs", MEASURED, "node: a submission read, admitted, routed")
    answer_us: float = _assumed(1.5, "µs", MEASURED, "node: what a durable change leads to, by change (4 a message)")
    send_us: float = _assumed(5, "µs", MEASURED, "node: a submit_sm composed and written")
    response_us: float = _assumed(3, "µs", MEASURED, "node: a submit_sm_resp of an SMSC read")
    receipt_us: float = _assumed(5, "µs", MEASURED, "node: a receipt read and answered")
    push_us: float = _assumed(3, "µs", MEASURED, "node: a receipt sent to its tenant")
    pushed_us: float = _assumed(2, "µs", MEASURED, "node: the tenant's answer to it")
    fetch_us: float = _assumed(100, "µs", MEASURED, "node: a message read from the store, since another node took it")
    commit_us: float = _assumed(900, "µs", MEASURED, "node: a commit by itself (350 with the embedded store)")
    change_us: float = _assumed(
        17, "µs", MEASURED, "node: a change in a commit, 4 a message (4 µs with the embedded store)"
    )
    commit_gap_ms: float = _assumed(2, "ms", CODE, "least time between the starts of two commits of a node")
    commit_gap_widest_ms: float = _assumed(5, "ms", CODE, "the same when commits have 100 changes and more")
    core_share: float = _assumed(
        0.75,
        "share",
        MEASURED,
        "node: of its core that reactor and writer get, which hand it to each other",
    )
    commits_under_way: float = _assumed(2, "", CODE, "commits of a node that may be (1 with the embedded store)")
    commit_most: float = _assumed(1024, "", CODE, "most changes in a commit")
    reads_before_commit: float = _assumed(1, "", MEASURED, "round trips for rows that are not remembered, a commit")
    doorway: float = _assumed(1000, "", CODE, "submissions of a node on their way into the store; half of it when")
    doorway_ready: float = _assumed(400, "", CODE, "... more than so many messages wait here for their SMSCs")
    wake_us: float = _assumed(6, "µs", GUESSED, "node: a call heard that there is something, for whomever")
    wakes_to_all: float = _assumed(1, "0/1", CODE, "1: every node hears every call; 0: those that it concerns")
    look_gap_ms: float = _assumed(2, "ms", GUESSED, "least time between two looks of a node at one queue")
    claim_page: float = _assumed(500, "", GUESSED, "most messages that a node claims at once")

    server_turn_us: float = _assumed(200, "µs", MEASURED, "server: a turn with commits by itself: files, sockets")
    server_commit_us: float = _assumed(120, "µs", MEASURED, "server: a commit by itself (with the turn: 320)")
    server_change_us: float = _assumed(16, "µs", MEASURED, "server: a change in a commit (4 a message)")
    server_look_us: float = _assumed(15, "µs", GUESSED, "server: a read or a claim by itself")
    server_row_us: float = _assumed(4, "µs", GUESSED, "server: a message claimed or read")
    server_wake_us: float = _assumed(1.5, "µs", GUESSED, "server: one node told that there is something")
    server_lease_us: float = _assumed(4, "µs", MEASURED, "server: a renewal of a lease")
    server_peer_us: float = _assumed(1.4, "µs", MEASURED, "server: each lease that a node looks at, after each renewal")
    fsync_always: float = _assumed(1, "0/1", CODE, "1: appendfsync always; 0: everysec")
    fsync_p50_ms: float = _assumed(0.3, "ms", MEASURED, "an fsync of the server's disk, half of them")
    fsync_p99_ms: float = _assumed(2, "ms", MEASURED, "the same, 99 of 100")
    confirm_disk: float = _assumed(1, "0/1", CODE, "1: durability strict, a commit waits for the fsync (WAITAOF)")
    confirm_replicas: float = _assumed(0, "", CODE, "replicas that a commit waits for")
    replicas: float = _assumed(1, "", STATED, "replicas of a master")
    replica_share: float = _assumed(0.5, "share", GUESSED, "what a replica spends on a commit, of the master's time")

    rtt_ms: float = _assumed(0.3, "ms", STATED, "round trip from a node to the server, usually (loopback: 0.1)")
    rtt_spread: float = _assumed(0.15, "share", GUESSED, "standard deviation of it")
    tail_share: float = _assumed(0.001, "share", GUESSED, "packets that come late")
    tail_ms: float = _assumed(3, "ms", GUESSED, "... by so much, on average")
    client_rtt_ms: float = _assumed(5, "ms", GUESSED, "round trip to a tenant")

    connectors: float = _assumed(8, "", GUESSED, "connectors of a gateway, which get equal parts of the traffic")
    binds: float = _assumed(8, "", GUESSED, "binds of a connector, spread evenly over the nodes")
    bind_window: float = _assumed(100, "", GUESSED, "unanswered submit_sm of a bind")
    bind_rate: float = _assumed(0, "/s", GUESSED, "messages a second that the SMSC takes of a bind; 0: as they come")
    smsc_p50_ms: float = _assumed(10, "ms", GUESSED, "until an SMSC answers, half of them")
    smsc_p99_ms: float = _assumed(60, "ms", GUESSED, "the same, 99 of 100")
    receipt_delay_ms: float = _assumed(200, "ms", GUESSED, "from the SMSC's answer to the receipt, on average")
    bind_ms: float = _assumed(100, "ms", GUESSED, "connecting and binding to an SMSC")

    burst_share: float = _assumed(0.2, "share", GUESSED, "messages that come many at once")
    burst_size: float = _assumed(50, "", GUESSED, "... how many, on average")
    tick_ms: float = _assumed(0, "ms", CODE, "0: messages come by chance; else as of our paced load, so far apart")
    until_answer: float = _assumed(0, "0/1", CODE, "1: those are counted until they are answered (our load's windows)")
    lives: float = _assumed(4000, "", GUESSED, "messages a node on their way, when saturation is asked for")
    lives_in_all: float = _assumed(12000, "", GUESSED, "... of all nodes at the most")

    lease_s: float = _assumed(3, "s", CODE, "a node's lease after each renewal")
    renew_s: float = _assumed(0.75, "s", CODE, "between renewals")
    notice_s: float = _assumed(0.01, "s", CODE, "from the end of a lease to the next look of the others")
    reconnect_s: float = _assumed(1, "s", GUESSED, "until tenants of a dead node have gone to another")
    failover_s: float = _assumed(1.7, "s", MEASURED, "from a master's death until its replica takes commits (Sentinel)")

    def __post_init__(self) -> None:
        """Raises ValueError for a figure that cannot be."""
        for each in self.listed():
            if not isfinite(each.value) or each.value < 0:
                raise ValueError(f"{each.name} cannot be {each.value:g}")
            if each.unit in ("share", "0/1") and each.value > 1:
                raise ValueError(f"{each.name} is at most 1")
        for name in _AT_LEAST_ONE:
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1")
        if self.confirm_replicas > self.replicas:
            raise ValueError("confirm_replicas: there are not so many replicas")
        if self.replicas > _MOST_REPLICAS:
            raise ValueError(f"replicas: at most {_MOST_REPLICAS}")
        if self.renew_s == 0 or self.lease_s <= self.renew_s:
            raise ValueError("lease_s: a lease lasts longer than it is between renewals, which is not 0")
        for name in ("fsync", "smsc"):
            if getattr(self, f"{name}_p99_ms") < getattr(self, f"{name}_p50_ms"):
                raise ValueError(f"{name}_p99_ms is not below {name}_p50_ms")

    def listed(self) -> Iterator[Assumption]:
        """All, in their order."""
        for each in fields(self):
            about = each.metadata
            yield Assumption(each.name, getattr(self, each.name), about["unit"], about["source"], about["what"])

    def changed(self, pairs: Iterable[tuple[str, float]]) -> Assumptions:
        """The same with other values of these names. Raises ValueError for a name or a value that is not possible."""
        values = dict(pairs)
        unknown = values.keys() - {each.name for each in fields(self)}
        if unknown:
            raise ValueError(f"no such assumption: {', '.join(sorted(unknown))}")
        return replace(self, **values)


def parse_pair(text: str) -> tuple[str, float]:
    """`name=value` as name and value. Raises ValueError."""
    name, found, value = text.partition("=")
    if not found:
        raise ValueError(f"{text!r} is not name=value")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise ValueError(f"{name.strip()}: {value!r} is not a number") from None


def markdown() -> str:
    """The table of docs/scale.md."""
    lines = ["| name | value | where from | what |", "|---|---|---|---|"]
    for each in Assumptions().listed():
        unit = f" {each.unit}" if each.unit not in ("", "share", "0/1") else ""
        lines.append(f"| `{each.name}` | {each.value:g}{unit} | {each.source} | {each.what} |")
    return "\n".join(lines) + "\n"

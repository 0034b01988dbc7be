"""Names of keys. All begin with the prefix, whose braces make it the hash tag: one gateway, one slot of a cluster."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_ESCAPED: Final = {ord("%"): "%25", ord(":"): "%3A", ord("@"): "%40"}


def pct(text: str) -> str:
    """What comes from outside, without what separates the pieces of a name."""
    return text if text.isalnum() else _escaped(text)


@lru_cache(maxsize=4096)
def _escaped(text: str) -> str:
    return text.translate(_ESCAPED)


def id8(number: int) -> bytes:
    """A number from 0 to 2^63 - 1 as a member: members with equal scores sort as their numbers do."""
    return number.to_bytes(8, "big")


def number_of(member: bytes) -> int:
    """The number of a member that ends with one."""
    return int.from_bytes(member[-8:], "big")


def queued(priority: int, number: int) -> bytes:
    """The member of a queue: urgent ones first, then by id."""
    return bytes((255 - priority,)) + number.to_bytes(8, "big")


def queue_name(connector: str, node: str = "") -> bytes:
    """The name of a queue (`Keys.queue`) among the names of those that may have members (`Keys.queues`)."""
    return f"{connector}\0{node}".encode() if node else connector.encode()


def queue_named(name: bytes) -> tuple[str, str]:
    """The connector and the node of such a name."""
    connector, _, node = name.decode().partition("\0")
    return connector, node


class Keys:
    """The keys of one gateway."""

    def __init__(self, prefix: str = "smsgwd") -> None:
        base = self.base = f"{{{prefix}}}:"
        self.messages = f"{base}m"
        self.due = f"{base}due"
        self.held = f"{base}held"
        self.queues = f"{base}qs"
        self.groups = f"{base}sg"
        self.parked_age = f"{base}pa"
        self.orphan_age = f"{base}po"
        self.orphans = f"{base}pn"
        self.pushes = f"{base}x"
        self.pushes_done = f"{base}xdone"
        self.targets = f"{base}xt"
        self.dead_targets = f"{base}xdt"
        self.answers = f"{base}ia"
        self.tenants = f"{base}t"
        self.entry = f"{base}entry"
        self.numbers = f"{base}numbers"
        self.link_expiry = f"{base}ke"
        self.lookups = f"{base}lk"
        self.lookups_open = f"{base}lko"
        self.lookup_networks = f"{base}lknet"
        self.mo_open = f"{base}moa"
        self.mo_complete = f"{base}moc"
        self.mo_done = f"{base}mod"
        self.opted = f"{base}opted"
        self.refusals = f"{base}rf"
        self.audits = f"{base}au"
        self.audit_age = f"{base}aua"
        self.audit_number = f"{base}au#"
        self.finals = f"{base}f"
        self.final_ids = f"{base}fm"
        self.final_number = f"{base}f#"
        self.importing = f"{base}meta:importing"  # all is not there: a copy is being made (store.copying)
        self.moved = f"{base}meta:moved"  # all of it is elsewhere now: where, since when (`moved`)
        self.nodes = f"{base}nodes"
        self.nodes_mark = f"{base}nodes#"
        self.owned = f"{base}owned"
        self.said = f"{base}said"
        self.node_numbers = f"{base}node#"
        self.changed = f"{base}changed"
        self.changed_number = f"{base}changed#"
        self.changes = f"{base}changes"
        self._message = f"{base}m:"
        self._of_tenant = f"{base}mt:"
        self._history = f"{base}h:"
        self._queue = f"{base}q:"
        self._open = [f"{base}o:{state}" for state in range(10)]
        self._smsc = f"{base}s:"
        self._push = f"{base}x:"
        self._pending = f"{base}xp:"

    def message(self, number: int) -> str:
        """Row of a message."""
        return f"{self._message}{number}"

    def of_tenant(self, tenant: str) -> str:
        """Ids of a tenant's messages."""
        return f"{self._of_tenant}{pct(tenant)}"

    def history(self, tenant: str) -> str:
        """Ids of a tenant's messages by their numbers."""
        return f"{self._history}{pct(tenant)}"

    def queue(self, connector: str, node: str = "") -> str:
        """What is ready for a connector: unclaimed, or claimed by a node."""
        return f"{self._queue}{pct(connector)}@{pct(node)}" if node else f"{self._queue}{pct(connector)}"

    def wake(self, topic: str) -> str:
        """Channel on which nodes tell each other to look at something."""
        return f"{self.base}wake:{topic}"

    def ready(self, connector: str) -> str:
        """Channel on which it is told that something unclaimed is ready for a connector."""
        return self.wake(f"q:{connector}")

    def open(self, state: int) -> str:
        """Ids of messages in a state that is not final."""
        return self._open[state]

    def smsc(self, group: str, key: str) -> str:
        """Row of a canonical SMSC id."""
        return f"{self._smsc}{pct(group)}:{pct(key)}"

    def parked(self, number: int) -> str:
        """Row of a parked receipt or an orphan."""
        return f"{self.base}p:{number}"

    def parked_under(self, group: str, key: str) -> str:
        """Row of what is parked under a form of an id."""
        return f"{self.base}pk:{pct(group)}:{pct(key)}"

    def push(self, number: int) -> str:
        """Row of a push."""
        return f"{self._push}{number}"

    def pending(self, target: str) -> str:
        """Pushes a target is owed."""
        return f"{self._pending}{pct(target)}"

    def dead(self, target: str) -> str:
        """Pushes to a target that were given up."""
        return f"{self.base}xd:{pct(target)}"

    def answer(self, tenant: str, key: str) -> str:
        """Row of an idempotency key."""
        return f"{self.base}i:{pct(tenant)}:{pct(key)}"

    def tenant(self, tenant: str) -> str:
        """Row of a tenant."""
        return f"{self.base}t:{pct(tenant)}"

    def unknown(self, tenant: str) -> str:
        """Row: messages that are not free were taken for this tenant before it was known."""
        return f"{self.base}tu:{pct(tenant)}"

    def credential(self, kind: str, name: str) -> str:
        """Row that says whose credential this is."""
        return f"{self.base}cr:{pct(kind)}:{pct(name)}"

    def account(self, tenant: str) -> str:
        """Hash of a tenant's money."""
        return f"{self.base}a:{pct(tenant)}"

    def ledger(self, tenant: str) -> str:
        """A tenant's entries."""
        return f"{self.base}l:{pct(tenant)}"

    def reference(self, tenant: str, reference: str) -> str:
        """Row of a reference used in a tenant's ledger."""
        return f"{self.base}lr:{pct(tenant)}:{pct(reference)}"

    def tally(self, tenant: str) -> str:
        """Hash of a tenant's counts."""
        return f"{self.base}n:{pct(tenant)}"

    def record(self, kind: str, tenant: str, key: str) -> str:
        """Row of a record."""
        return f"{self.base}r:{pct(kind)}:{pct(tenant)}:{pct(key)}"

    def records(self, kind: str) -> str:
        """All records of a kind: members tenant NUL key."""
        return f"{self.base}r:{pct(kind)}"

    def link(self, code: str) -> str:
        """Row of a link."""
        return f"{self.base}k:{pct(code)}"

    def links(self, tenant: str) -> str:
        """A tenant's links: members id of the message, code."""
        return f"{self.base}kt:{pct(tenant)}"

    def lookup(self, number: int) -> str:
        """Row of a lookup."""
        return f"{self.base}lk:{number}"

    def lookup_request(self, tenant: str, request: int) -> str:
        """Ids of the lookups of a request."""
        return f"{self.base}lkr:{pct(tenant)}:{request}"

    def lookups_of(self, msisdn: str) -> str:
        """Ids of the final lookups of a number by when they were done."""
        return f"{self.base}lkn:{pct(msisdn)}"

    def networks_of(self, msisdn: str) -> str:
        """Those of them that told a network."""
        return f"{self.base}lkw:{pct(msisdn)}"

    def mo(self, group: str, source: str, dest: str, ref: int, total: int, width: int) -> str:
        """Row of all sets under a reference."""
        return f"{self.base}mo:{pct(group)}:{pct(source)}:{pct(dest)}:{ref & 0xFFFF}:{total}:{width}"

    def opted_out(self, tenant: str, msisdn: str) -> str:
        """Row of a number on a tenant's list."""
        return f"{self.base}oo:{pct(tenant)}:{pct(msisdn)}"

    def opt_outs(self, tenant: str) -> str:
        """A tenant's list."""
        return f"{self.base}oo:{pct(tenant)}"

    def used_ref(self, tenant: str, ref: str) -> str:
        """Row of a client reference that is used once."""
        return f"{self.base}cf:{pct(tenant)}:{pct(ref)}"

    def refused(self, submission: int) -> str:
        """Row of a submission's refused recipients."""
        return f"{self.base}rf:{submission}"

    def audit(self, number: int) -> str:
        """Row of an audit entry."""
        return f"{self.base}au:{number}"

    def writer(self, name: str) -> str:
        """Row with the stamp of a writer's last commit."""
        return f"{self.base}w:{pct(name)}"

    def meta(self, name: str) -> str:
        """Row of a mark."""
        return f"{self.base}meta:{name}"

    def text(self, digest: bytes) -> str:
        """Row of a text that went to a number of late: when."""
        return f"{self.base}d:{digest.hex()}"

    def rate(self, name: str) -> str:
        """Hash of what nodes want of a rate, and their shares."""
        return f"{self.base}rate:{pct(name)}"

    def binds(self, account: str) -> str:
        """Hash of an SMPP account's binds: by node how many, and the token it said so under."""
        return f"{self.base}eb:{pct(account)}"

    def node(self, name: str) -> str:
        """A node's lease: its token, for as long as it lives."""
        return f"{self.base}node:{pct(name)}"

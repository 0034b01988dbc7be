"""CPU and time of the embedded store for whole lives of messages, the writer thread included.

One life is Submit + PartSent + TakeReceipt + OutboxDone: of messages that came by HTTP (a Submit each, pushes to a
URL), or with `--esme` by SMPP (several a Submit, receipts to an account). `--lanes` run side by side, so that a
transaction holds all four kinds, as in a busy gateway; `--at-once` is an SMSC whose receipt comes with its answer.
Run: python tests/store/bench_store.py --help.
"""

import argparse
import itertools
import json
import tempfile
import time

from twisted.internet import defer, reactor, task

from smsgwd.model.changes import OutboxDone, PartSent, PutTenant, Submit, TakeReceipt
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Coding, Message, State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.store.embedded.store import EmbeddedStore

NOW = 1_790_000_000_000
_WIRE = pack_wire(Wire(source_ton=5, dest_ton=1, dest_npi=1))


def _messages(ids, count, esme, owner="demo", payers=None):
    first = ids.block(count + 1, NOW)
    messages = [
        Message(
            id=first + 1 + n,
            submission=first,
            tenant=owner,
            source="iSMS",
            dest="+306912345678",
            msisdn="306912345678",
            body=b"Your parcel 4711 is on its way and will be delivered tomorrow between 10 and 12.",
            coding=Coding.GSM7,
            parts=1,
            connector="sim",
            submitted_at=NOW,
            deadline=NOW + 86_400_000,
            price=40_000,
            client_ref=None,
            dlr_url="https://tenant.example/dlr",
        )
        for n in range(count)
    ]
    for message in messages if payers else ():
        message.payers = payers
    if esme:
        for message in messages:
            message.dlr_url, message.account, message.asks, message.wire = None, "acme", 1, _WIRE
    return messages


async def _life(store, ids, batch, a_submit, esme, at_once, owners, payers):
    """Each step in one commit of `batch` messages; the Submits are of one tenant after the other."""
    messages, submits = [], []
    for _ in range(0, batch, a_submit):
        owner = next(owners)
        some = _messages(ids, min(a_submit, batch - len(messages)), esme, owner, payers)
        messages += some
        submits.append(Submit(owner, some, NOW))
    await store.commit(submits)
    answers = [PartSent(m.id, 1, f"{m.id:x}", "sim", "sim", NOW + 5) for m in messages]
    receipts = [
        Receipt("sim", f"{m.id:x}", State.DELIVERED, NOW + 900, "DELIVRD", "000", msisdn=m.msisdn, connector="sim")
        for m in messages
    ]
    if at_once:
        moved = (await store.commit([*answers, *map(TakeReceipt, receipts)]))[batch:]
    else:
        await store.commit(answers)
        moved = await store.commit([TakeReceipt(receipt) for receipt in receipts])
    await store.commit([OutboxDone(result.outbox[0].id, NOW + 950) for result in moved])


async def _main(directory, options):
    commits = []
    store = EmbeddedStore(
        reactor,
        directory,
        gap_s=options.gap / 1000,
        observe_commit=lambda s, n: commits.append((s, n)),
        **({"keep_finals": True} if options.finals else {}),
    )
    await store.open()
    owners = [f"demo-{n}" for n in range(options.tenants)]
    await store.commit([PutTenant(Tenant(owner, credit=10**15)) for owner in [*owners, "reseller"]])
    turns = itertools.cycle(owners)
    ids = IdGenerator(1)
    rounds = options.lives // options.batch // options.lanes
    kind = (options.batch, options.a_submit or (10 if options.esme else 1), options.esme, options.at_once, turns)
    kind = (*kind, "reseller=30000" if options.reseller else None)

    async def lane():
        for _ in range(rounds):
            await _life(store, ids, *kind)

    await _life(store, ids, *kind)
    commits.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    await defer.gatherResults([defer.Deferred.fromCoroutine(lane()) for _ in range(options.lanes)])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    done = rounds * options.batch * options.lanes
    result = {
        "lives": done,
        "kind": "esme" if options.esme else "http",
        "batch": options.batch,
        "lanes": options.lanes,
        "gap_ms": options.gap,
        "tenants": options.tenants,
        "cpu_us_a_life": round(cpu / done * 1e6, 1),
        "lives_a_second": round(done / wall),
        "commits": len(commits),
        "steps_a_commit": round(4 * done / len(commits)),
        "commit_ms_p50": round(sorted(s for s, _ in commits)[len(commits) // 2] * 1000, 2),
    }
    await store.close()
    print(json.dumps(result))


def main():
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lives", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=64, help="messages a commit of one lane")
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--gap", type=float, default=0.0, help="ms between starts of commits")
    parser.add_argument("--esme", action="store_true")
    parser.add_argument("--at-once", action="store_true")
    parser.add_argument("--a-submit", type=int, default=0, help="messages a Submit (1, or 10 for ESMEs)")
    parser.add_argument("--tenants", type=int, default=1, help="that send in turn, all prepaid")
    parser.add_argument("--finals", action="store_true", help="what ends is kept for whoever writes it down")
    parser.add_argument("--reseller", action="store_true", help="whose customers all tenants are")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as directory:
        task.react(lambda _: defer.Deferred.fromCoroutine(_main(directory, options)))


if __name__ == "__main__":
    main()

"""An ESME made of smpp34's asynchronous client (Rust). See _common for what it does and prints."""

import asyncio
import os
import sys

import gsm0338
import smpp34
from _common import (
    BINARY,
    DESTINATIONS,
    PATIENCE_S,
    PAYLOAD,
    SHORT,
    SOURCE,
    UNICODE,
    receipt,
    say,
    settings,
    udh_parts,
)


def submits():
    """(name, body, fields) of every submit_sm."""
    yield "short", gsm0338.Codec().encode(SHORT)[0], {}
    for part in udh_parts(7):
        yield "udh", part, {"esm_class": 0x40, "data_coding": 8}
    yield "payload", b"", {"tlvs": [smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, PAYLOAD.encode("ascii"))]}
    yield "unicode", UNICODE.encode("utf-16-be"), {"data_coding": 8}
    yield "binary", BINARY, {"data_coding": 4}


async def receive(session, ids, answered):
    """Take receipts until every id that was answered has one."""
    seen = set()
    while not (answered.is_set() and seen >= ids):
        try:
            event = await asyncio.wait_for(session.next(), 0.2)
        except TimeoutError:
            continue
        if isinstance(event, smpp34.Disconnected):
            raise ConnectionError("disconnected")
        tlvs = {tlv.tag: tlv for tlv in event.tlvs}
        tlv_id = tlvs.get(smpp34.TLV_RECEIPTED_MESSAGE_ID)
        state = tlvs.get(smpp34.TLV_MESSAGE_STATE)
        fields = receipt(event.short_message, tlv_id and tlv_id.value, state and state.as_int())
        say("receipt", **fields)
        seen.add(fields["id"])


async def bind(config, mode):
    client = smpp34.Client(
        config["host"], config["port"], config["system_id"], config["password"], bind_type=mode, window_size=20
    )
    session = await client.connect()
    say("bound", mode={"TX": "transmitter", "RX": "receiver", "TRX": "transceiver"}[mode])
    return client, session


async def main():
    config = settings()
    modes = ("TX", "RX") if config["mode"] == "pair" else ("TRX",)
    binds = [await bind(config, mode) for mode in modes]
    sender, receiver = binds[0][1], binds[-1][1]
    ids, answered = set(), asyncio.Event()
    receiving = asyncio.create_task(receive(receiver, ids, answered))
    for name, body, fields in submits():
        response = await sender.submit_sm(
            DESTINATIONS[name],
            body,
            source_addr=SOURCE,
            source_addr_ton=5,
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=1,
            **fields,
        )
        if not response.is_success:
            say("error", what=f"{name} refused: {response.command_status:#x}")
            continue
        ids.add(response.message_id)
        say("answered", name=name, id=response.message_id)
    answered.set()
    await asyncio.wait_for(receiving, PATIENCE_S)
    for client, session in binds:
        if await client.is_alive():  # it probes by itself and has no call for it
            say("link_probed")
        await session.unbind()
        say("unbound")
        await client.stop()
    return 0


status = asyncio.run(main())
sys.stdout.flush()
os._exit(status)  # its threads outlive the interpreter, which then now and then dies of a signal

"""An ESME made of rusmppyc (the Rust library rusmpp, SMPP 5.0). See _common for what it does and prints."""

import asyncio
import contextlib
import os
import sys

import rusmppyc as r
from _common import BINARY, DESTINATIONS, GREEK, PATIENCE_S, PAYLOAD, SHORT, SOURCE, UNICODE, receipt, say, settings
from rusmppyc.exceptions import ConnectionClosedException

FINAL = r.MCDeliveryReceipt.McDeliveryReceiptRequestedWhereFinalDeliveryOutcomeIsSuccessOrFailure


async def watch(events, client, seen):
    """Take and answer what comes on a bind."""
    async for event in events:
        if isinstance(event, r.Event.Error):
            say("error", what=repr(event._0))
            continue
        command = event._0
        if isinstance(command.id, r.CommandId.DeliverSm):
            await client.deliver_sm_resp(command.sequence_number, "")
            deliver = command.pdu._0
            tlv_id = state = None
            for tlv in deliver.tlvs:
                if isinstance(tlv.value, r.TlvValue.ReceiptedMessageId):
                    tlv_id = bytes(tlv.value._0)
                elif isinstance(tlv.value, r.TlvValue.MessageState):
                    state = repr(tlv.value._0)
            fields = receipt(bytes(deliver.short_message), tlv_id, state)
            say("receipt", **fields)
            seen.add(fields["id"])


def address(name):
    return {
        "source_addr_ton": r.Ton.Alphanumeric(),
        "source_addr": SOURCE,
        "dest_addr_ton": r.Ton.International(),
        "dest_addr_npi": r.Npi.Isdn(),
        "destination_addr": DESTINATIONS[name],
        "registered_delivery": r.RegisteredDelivery(FINAL()),
    }


async def submit_all(client):
    """(name, response) of every submit_sm; short, udh and unicode are coded and cut by the library."""
    ucs2 = r.Encoder.Ucs2(r.Ucs2.default())
    yield "short", await client.submit_sm(r.Client.submit_sm_encode(SHORT, **address("short")))
    for part in r.Client.submit_sm_multipart(GREEK, reference=9, encoder=ucs2, **address("udh")):
        yield "udh", await client.submit_sm(part)
    yield (
        "unicode",
        await client.submit_sm(
            data_coding=r.DataCoding.Ucs2(), short_message=UNICODE.encode("utf-16-be"), **address("unicode")
        ),
    )
    payload = r.MessageSubmissionRequestTlvValue.MessagePayload(r.MessagePayload(PAYLOAD.encode("ascii")))
    yield "payload", await client.submit_sm(tlvs=[payload], **address("payload"))
    yield (
        "binary",
        await client.submit_sm(data_coding=r.DataCoding.OctetUnspecified2(), short_message=BINARY, **address("binary")),
    )


async def main():
    config, seen, ids = settings(), set(), set()
    modes = ("transmitter", "receiver") if config["mode"] == "pair" else ("transceiver",)
    binds = []
    for mode in modes:
        client, events = await r.Client.connect(
            url=f"smpp://{config['host']}:{config['port']}",
            enquire_link_interval=300,
            enquire_link_response_timeout=400,
            max_command_length=65536,
        )
        watching = asyncio.create_task(watch(events, client, seen))
        answer = await getattr(client, f"bind_{mode}")(
            system_id=config["system_id"],
            password=config["password"],
            interface_version=r.InterfaceVersion.Smpp5_0(),
        )
        say("bound", mode=mode, sc_interface_version=repr(answer.sc_interface_version))
        binds.append((client, watching))
    async for name, response in submit_all(binds[0][0]):
        message_id = bytes(response.message_id).rstrip(b"\0").decode()
        ids.add(message_id)
        say("answered", name=name, id=message_id, tlvs=[repr(tlv.tag) for tlv in response.tlvs])
    for _ in range(int(PATIENCE_S / 0.02)):
        if seen >= ids:
            break
        await asyncio.sleep(0.02)
    else:
        say("error", what=f"{len(ids - seen)} ids without a receipt")
        return 1
    await asyncio.sleep(0.8)  # the library probes by itself and tells only when no answer came
    for client, watching in binds:
        if client.is_active():
            say("link_probed")
        watching.cancel()  # an SMSC may close right behind its unbind_resp, which the library calls an error
        await client.unbind()
        say("unbound")
        with contextlib.suppress(ConnectionClosedException):
            await client.close()
        await client.closed()
    return 0


status = asyncio.run(main())
sys.stdout.flush()
os._exit(status)  # its threads outlive the interpreter and would panic

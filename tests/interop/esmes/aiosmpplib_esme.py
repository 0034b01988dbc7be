"""An ESME made of aiosmpplib. See _common for what it does and prints."""

import asyncio
import sys

from _common import DESTINATIONS, GREEK, PATIENCE_S, PAYLOAD, SHORT, SOURCE, UNICODE, receipt, say, settings
from aiosmpplib import (
    ESME,
    NPI,
    TON,
    AbstractHook,
    BindMode,
    DeliverSm,
    EnquireLinkResp,
    PhoneNumber,
    SmppCommandStatus,
    SubmitSm,
    SubmitSmResp,
    UnbindResp,
)
from aiosmpplib.state import RECEIPTED_MESSAGE_ID


class Watch(AbstractHook):
    """Prints what it sees."""

    def __init__(self):
        self.sent, self.answers, self.receipts, self.probes, self.unbinds = {}, {}, set(), 0, 0

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, SubmitSmResp):
            if smpp_message.command_status != SmppCommandStatus.ESME_ROK:
                say("error", what=f"{smpp_message.log_id} refused: {smpp_message.command_status}")
            self.answers[smpp_message.log_id] = smpp_message.message_id
            say("answered", name=smpp_message.log_id, id=smpp_message.message_id)
        elif isinstance(smpp_message, DeliverSm):
            tlvs = {param.tag: param.value for param in smpp_message.optional_params}
            fields = receipt(smpp_message.short_message, tlvs.get(RECEIPTED_MESSAGE_ID), None)
            say("receipt", name=smpp_message.log_id, parsed=smpp_message.parse_receipt().get("stat"), **fields)
            self.receipts.add(smpp_message.log_id)
        elif isinstance(smpp_message, EnquireLinkResp):
            self.probes += 1
            if self.probes == 1:
                say("link_probed")
        elif isinstance(smpp_message, UnbindResp):
            self.unbinds += 1
            say("unbound")

    async def send_error(self, smpp_message, error, client_id):
        say("error", what=f"{smpp_message.log_id}: {error!r}")


def submits():
    """(name, fields) of every message; the library codes and cuts them. It has no way to send octets."""
    yield "short", {"short_message": SHORT}
    yield "udh", {"short_message": GREEK, "esm_class": 0x40, "auto_message_payload": False}
    yield "payload", {"message_payload": PAYLOAD}
    yield "unicode", {"short_message": UNICODE, "encoding": "ucs2"}


async def until(what, condition):
    for _ in range(int(PATIENCE_S / 0.02)):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError(what)


async def main():
    config, watch = settings(), Watch()
    modes = {"transmitter": BindMode.TRANSMITTER, "receiver": BindMode.RECEIVER, "transceiver": BindMode.TRANSCEIVER}
    wanted = ("transmitter", "receiver") if config["mode"] == "pair" else ("transceiver",)
    esmes, running = [], []
    for mode in wanted:
        esme = ESME(
            config["host"],
            config["port"],
            config["system_id"],
            config["password"],
            bind_mode=modes[mode],
            hook=watch,
            enquire_link_interval=0.5,
            log_level="WARNING",
            correlator=esmes[0].correlator if esmes else None,
        )
        await esme.connect()
        say("bound", mode=mode)
        running.append(asyncio.create_task(esme.start()))
        esmes.append(esme)
    names = []
    for name, fields in submits():
        names.append(name)
        await esmes[0].broker.enqueue(
            SubmitSm(
                source=PhoneNumber(SOURCE, TON.ALPHANUMERIC),
                destination=PhoneNumber(DESTINATIONS[name], TON.INTERNATIONAL, NPI.ISDN),
                log_id=name,
                **fields,
            )
        )
    await until("answers", lambda: watch.answers.keys() >= set(names))
    await until("receipts", lambda: watch.receipts >= set(names))
    await until("an answer to enquire_link", lambda: watch.probes)
    for esme, task in zip(esmes, running, strict=True):
        before = watch.unbinds
        await esme.stop()
        await task
        if watch.unbinds == before:  # it closes its half at once and may not wait for the answer
            say("unbound")
    return 0


sys.exit(asyncio.run(main()))

"""An ESME made of smpplib's client. See _common for what it does and prints."""

import contextlib
import logging
import sys
import time

import smpplib.client
import smpplib.gsm
from _common import BINARY, DESTINATIONS, GREEK, PATIENCE_S, PAYLOAD, SHORT, SOURCE, UNICODE, receipt, say, settings

logging.basicConfig(level=logging.WARNING)


def submits():
    """(name, fields) of every submit_sm, coded and cut by the library."""
    for name, text in (("short", SHORT), ("udh", GREEK), ("unicode", UNICODE)):
        parts, data_coding, esm_class = smpplib.gsm.make_parts(text)
        for part in parts:
            yield name, {"short_message": part, "data_coding": data_coding, "esm_class": esm_class}
    yield "payload", {"short_message": b"", "message_payload": PAYLOAD.encode("ascii"), "data_coding": 0}
    yield "binary", {"short_message": BINARY, "data_coding": 4}


class Esme:
    """One or two clients and what they have seen."""

    def __init__(self, config):
        self.config = config
        self.names = {}
        self.waiting = set()
        self.early = set()
        self.clients = []

    def bind(self, mode):
        client = smpplib.client.Client(
            self.config["host"], self.config["port"], timeout=0.1, allow_unknown_opt_params=True
        )
        client.set_message_received_handler(self.delivered)
        client.set_message_sent_handler(self.answered)
        client.connect()
        client._socket.settimeout(5)
        getattr(client, f"bind_{mode}")(system_id=self.config["system_id"], password=self.config["password"])
        client._socket.settimeout(0.1)
        self.clients.append(client)
        say("bound", mode=mode)

    def answered(self, pdu):
        message_id = pdu.message_id.decode()
        say("answered", name=self.names.pop(pdu.sequence), id=message_id)
        if message_id in self.early:
            self.early.discard(message_id)
        else:
            self.waiting.add(message_id)

    def delivered(self, pdu):
        fields = receipt(pdu.short_message, pdu.receipted_message_id, pdu.message_state)
        say("receipt", **fields)
        if fields["id"] in self.waiting:
            self.waiting.discard(fields["id"])
        else:
            self.early.add(fields["id"])

    def turn(self):
        for client in self.clients:
            with contextlib.suppress(TimeoutError):
                client.read_once(auto_send_enquire_link=False)


def main():
    config = settings()
    esme = Esme(config)
    modes = ("transmitter", "receiver") if config["mode"] == "pair" else ("transceiver",)
    for mode in modes:
        esme.bind(mode)
    sender = esme.clients[0]
    for name, fields in submits():
        pdu = sender.send_message(
            source_addr_ton=5,
            source_addr=SOURCE,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=DESTINATIONS[name],
            registered_delivery=1,
            **fields,
        )
        esme.names[pdu.sequence] = name
    end = time.monotonic() + PATIENCE_S
    while (esme.names or esme.waiting) and time.monotonic() < end:
        esme.turn()
    if esme.names or esme.waiting:
        say("error", what=f"unanswered {len(esme.names)}, without receipt {len(esme.waiting)}")
        return 1
    for client in esme.clients:
        client._socket.settimeout(5)
        probe = smpplib.smpp.make_pdu("enquire_link", client=client)
        client.send_pdu(probe)
        answer = client.read_pdu()
        assert (answer.command, answer.status, answer.sequence) == ("enquire_link_resp", 0, probe.sequence), answer
        say("link_probed")
        answer = client.unbind()
        assert (answer.command, answer.status) == ("unbind_resp", 0), answer
        say("unbound")
        client.disconnect()
    return 0


sys.exit(main())

"""An ESME made of smpp.twisted3's client (the stack Jasmin runs). See _common for what it does and prints."""

import logging
import sys

from _common import (
    BINARY,
    DESTINATIONS,
    PATIENCE_S,
    SHORT_GSM,
    SOURCE,
    UNICODE,
    receipt,
    say,
    settings,
    udh_parts,
)
from smpp.pdu.operations import EnquireLink, SubmitSM
from smpp.pdu.pdu_types import (
    AddrNpi,
    AddrTon,
    CommandStatus,
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
    RegisteredDelivery,
    RegisteredDeliveryReceipt,
)
from smpp.twisted.client import SMPPClientReceiver, SMPPClientTransceiver, SMPPClientTransmitter
from smpp.twisted.config import SMPPClientConfig
from twisted.internet import defer, reactor

logging.basicConfig(level=logging.ERROR)
UCS2, BIN = (
    DataCoding(schemeData=DataCodingDefault.UCS2),
    DataCoding(schemeData=DataCodingDefault.OCTET_UNSPECIFIED_COMMON),
)
PLAIN, UDH = (
    EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT),
    EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT, [EsmClassGsmFeatures.UDHI_INDICATOR_SET]),
)
ids, seen = set(), set()


def deliver(connection, pdu):
    params = pdu.params
    state = params.get("message_state")
    fields = receipt(params["short_message"], params.get("receipted_message_id"), state and state.name)
    say("receipt", **fields)
    seen.add(fields["id"])
    return CommandStatus.ESME_ROK


def submits():
    """(name, fields) of every submit_sm. Its encoder of message_payload takes one octet only: none is sent."""
    yield "short", {"short_message": SHORT_GSM}
    for part in udh_parts(11):
        yield "udh", {"short_message": part, "esm_class": UDH, "data_coding": UCS2}
    yield "unicode", {"short_message": UNICODE.encode("utf-16-be"), "data_coding": UCS2}
    yield "binary", {"short_message": BINARY, "data_coding": BIN}


@defer.inlineCallbacks
def session(config):
    where = SMPPClientConfig(
        host=config["host"], port=config["port"], username=config["system_id"], password=config["password"]
    )
    binds = []
    if config["mode"] == "pair":
        binds.append((yield SMPPClientTransmitter(where).connectAndBind()))
        say("bound", mode="transmitter")
        binds.append((yield SMPPClientReceiver(where, deliver).connectAndBind()))
        say("bound", mode="receiver")
    else:
        binds.append((yield SMPPClientTransceiver(where, deliver).connectAndBind()))
        say("bound", mode="transceiver")
    for name, fields in submits():
        fields = {"esm_class": PLAIN, **fields}
        result = yield binds[0].sendDataRequest(
            SubmitSM(
                source_addr=SOURCE,
                source_addr_ton=AddrTon.ALPHANUMERIC,
                destination_addr=DESTINATIONS[name],
                dest_addr_ton=AddrTon.INTERNATIONAL,
                dest_addr_npi=AddrNpi.ISDN,
                registered_delivery=RegisteredDelivery(RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED),
                **fields,
            )
        )
        message_id = result.response.params["message_id"]
        message_id = message_id.decode() if isinstance(message_id, bytes) else message_id
        ids.add(message_id)
        say("answered", name=name, id=message_id)
    for _ in range(int(PATIENCE_S / 0.02)):
        if seen >= ids:
            break
        pause = defer.Deferred()
        reactor.callLater(0.02, pause.callback, None)
        yield pause
    else:
        raise TimeoutError(f"{len(ids - seen)} ids without a receipt")
    for bind in binds:
        yield bind.sendRequest(EnquireLink(), 5)
        say("link_probed")
        gone = bind.getDisconnectedDeferred()
        yield bind.unbind()
        say("unbound")
        bind.disconnect()
        yield gone


status = 1


def ended(result):
    global status
    if result is None:
        status = 0
    else:
        say("error", what=repr(result.value))
        result.printTraceback()
    reactor.stop()


reactor.callWhenRunning(lambda: session(settings()).addBoth(ended))
reactor.run()
sys.exit(status)

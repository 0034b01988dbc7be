"""An SMSC made of smpp.twisted3's server (the stack Jasmin runs); runs in its own virtual environment.

Takes the bind gw/gw, answers submit_sm and sends a receipt. Prints JSON lines like node/smsc.js.
"""

import json
import sys

from smpp.pdu.operations import DeliverSM
from smpp.pdu.pdu_types import CommandStatus, EsmClass, EsmClassMode, EsmClassType, MessageState
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import IAuthenticatedSMPP, SMPPServerFactory
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet import defer, reactor
from zope.interface import implementer

_next = 0


def say(**line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


@implementer(ICredentialsChecker)
class Checker:
    """Lets gw/gw in; smpp.twisted3 hands both over as text, which Twisted's own checkers do not take."""

    credentialInterfaces = (IUsernamePassword,)

    def requestAvatarId(self, credentials):
        if (credentials.username, credentials.password) == ("gw", "gw"):
            return defer.succeed(credentials.username)
        return defer.fail(UnauthorizedLogin())


@implementer(IRealm)
class Realm:
    def requestAvatar(self, avatarId, mind, *interfaces):
        say(event="bind", system_id=avatarId)
        return IAuthenticatedSMPP, avatarId, lambda: None


def handle(system_id, connection, pdu):
    global _next
    _next += 1
    message_id = f"tw{_next}"
    params = pdu.params
    say(
        event="submit",
        id=message_id,
        source=params["source_addr"].decode(),
        destination=params["destination_addr"].decode(),
        data_coding=str(params["data_coding"].schemeData),
        hex=params["short_message"].hex(),
    )
    reactor.callLater(0.05, receipt, connection, message_id, params)
    return DataHandlerResponse(status=CommandStatus.ESME_ROK, message_id=message_id)


def receipt(connection, message_id, params):
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:"
    deliver = DeliverSM(
        source_addr=params["destination_addr"],
        destination_addr=params["source_addr"],
        esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.SMSC_DELIVERY_RECEIPT),
        short_message=text.encode(),
        receipted_message_id=message_id.encode(),
        message_state=MessageState.DELIVERED,
    )
    done = connection.sendDataRequest(deliver)
    done.addCallback(lambda answer: say(event="receipt_answered", id=message_id, status=str(answer.response.status)))
    done.addErrback(lambda failure: say(event="error", message=failure.getErrorMessage()))


config = SMPPServerConfig(msgHandler=handle, systems={"gw": {"max_bindings": 4}})
factory = SMPPServerFactory(config, Portal(Realm(), [Checker()]))
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
say(event="listening", port=port.getHost().port)
reactor.run()

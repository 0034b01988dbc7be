"""The PDU tables, read from the declarations in pdu.py: id -> class, fields, and which response answers what."""

from dataclasses import dataclass
from inspect import get_annotations
from typing import Final, get_type_hints

from smsgwd.smpp import pdu as p
from smsgwd.smpp.constants import GENERIC_NACK, RESPONSE_BIT
from smsgwd.smpp.fields import FieldKind


@dataclass(frozen=True, slots=True)
class PduSpec:
    """One PDU: its class and its mandatory fields (name, kind) in the order of the wire."""

    name: str
    command_id: int
    cls: type[p.Pdu]
    fields: tuple[tuple[str, FieldKind], ...]

    @property
    def is_response(self) -> bool:
        """True for responses and generic_nack."""
        return bool(self.command_id & RESPONSE_BIT)


# The order of the wire is the order of declaration, base classes first; get_type_hints() gives subclasses first.
def _spec(cls: type[p.Pdu]) -> PduSpec:
    hints = get_type_hints(cls, include_extras=True)
    names: list[str] = []
    for base in reversed(cls.__mro__):
        names += [name for name in get_annotations(base) if name not in names]
    fields = tuple((name, hints[name].__metadata__[0]) for name in names if hasattr(hints[name], "__metadata__"))
    return PduSpec(cls.name, cls.command_id, cls, fields)


PDUS: Final[dict[int, PduSpec]] = {
    cls.command_id: _spec(cls)
    for cls in (
        p.GenericNack,
        p.BindReceiver,
        p.BindReceiverResp,
        p.BindTransmitter,
        p.BindTransmitterResp,
        p.QuerySm,
        p.QuerySmResp,
        p.SubmitSm,
        p.SubmitSmResp,
        p.DeliverSm,
        p.DeliverSmResp,
        p.Unbind,
        p.UnbindResp,
        p.ReplaceSm,
        p.ReplaceSmResp,
        p.CancelSm,
        p.CancelSmResp,
        p.BindTransceiver,
        p.BindTransceiverResp,
        p.Outbind,
        p.EnquireLink,
        p.EnquireLinkResp,
        p.SubmitMulti,
        p.SubmitMultiResp,
        p.AlertNotification,
        p.DataSm,
        p.DataSmResp,
    )
}

# request id -> class of its response; requests that are not in here (outbind, alert_notification) have none
RESPONSES: Final[dict[int, type[p.Pdu]]] = {
    spec.command_id: PDUS[spec.command_id | RESPONSE_BIT].cls
    for spec in PDUS.values()
    if spec.command_id != GENERIC_NACK and not spec.is_response and spec.command_id | RESPONSE_BIT in PDUS
}


def command_name(command_id: int) -> str:
    """Return the specification's name of a command id, or its hex form."""
    spec = PDUS.get(command_id)
    return spec.name if spec else f"0x{command_id:08X}"


def response_to(command_id: int, sequence: int, status: int = 0) -> p.Pdu:
    """Return the response PDU that answers a request, bare of body fields; generic_nack where there is none."""
    cls = RESPONSES.get(command_id, p.GenericNack)
    return cls(sequence=sequence, status=status)

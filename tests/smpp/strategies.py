"""Hypothesis strategies read from the PDU tables, and helpers shared by the SMPP tests."""

from hypothesis import strategies as st

from smsgwd.smpp import fields as f
from smsgwd.smpp import pdu as p
from smsgwd.smpp.tables import PDUS
from smsgwd.smpp.tlv import TLVS, Kind

octets_without_nul = st.integers(1, 255).map(lambda n: bytes((n,)))


def cstrings(longest):
    return st.lists(octets_without_nul, max_size=longest).map(b"".join)


def values(kind):
    """Every value that one kind of field can carry."""
    if isinstance(kind, f.Integer):
        return st.integers(0, 256**kind.size - 1)
    if isinstance(kind, f.CString):
        return cstrings(kind.high - 1)
    if isinstance(kind, f.TimeString):
        return st.one_of(st.just(b""), st.lists(octets_without_nul, min_size=16, max_size=16).map(b"".join))
    if isinstance(kind, f.Counted):
        return st.binary(max_size=kind.high)
    if isinstance(kind, f.Destinations):
        sme = st.builds(f.SmeDestination, st.integers(0, 255), st.integers(0, 255), cstrings(20))
        return st.lists(st.one_of(sme, st.builds(f.ListDestination, cstrings(20))), min_size=1, max_size=6).map(tuple)
    assert isinstance(kind, f.Unsuccesses)
    entry = st.builds(f.Unsuccess, st.integers(0, 255), st.integers(0, 255), cstrings(20), st.integers(0, 2**32 - 1))
    return st.lists(entry, max_size=4).map(tuple)


raw_tlvs = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=12)), max_size=5).map(tuple)


def typed_tlv(tag):
    """(tag, value) with a value that the tag's declaration allows."""
    spec = TLVS[tag]
    if spec.kind is Kind.INTEGER:
        return st.tuples(st.just(tag), st.integers(0, 256**spec.low - 1))
    if spec.kind is Kind.CSTRING:
        return st.tuples(st.just(tag), cstrings(min(spec.high - 1, 40)))
    return st.tuples(st.just(tag), st.binary(min_size=spec.low, max_size=max(spec.low, min(spec.high, 40))))


def pdus(command_id):
    """Any well-formed PDU of one command; error responses included where there is a response."""
    spec = PDUS[command_id]
    kwargs = {name: values(kind) for name, kind in spec.fields}
    kwargs["sequence"] = st.integers(0, 2**32 - 1)
    kwargs["tlvs"] = raw_tlvs
    if spec.is_response:
        kwargs["status"] = st.sampled_from((0, 0x0B, 0x58, 0x104, 0x412, 0xFFFFFFFF))
    return st.builds(spec.cls, **kwargs)


any_pdu = st.one_of([pdus(command_id) for command_id in PDUS])


def submit(**fields):
    """A typical submit_sm."""
    given = {
        "source_addr_ton": 5,
        "source_addr": b"iSMS",
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "destination_addr": b"306912345678",
        "registered_delivery": 1,
        "short_message": b"hello",
    }
    return p.SubmitSm(**(given | fields))

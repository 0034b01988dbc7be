"""What a template composes is what the tables compose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp import constants as c
from smsgwd.smpp.codec import encode, encode_by_table
from smsgwd.smpp.composed import ComposedPdu, MessageTemplate
from smsgwd.smpp.errors import EncodeError

from .strategies import pdus, submit


@given(st.one_of(pdus(c.SUBMIT_SM), pdus(c.DELIVER_SM)))
def test_composed_or_encoded_the_octets_are_the_same(pdu):
    template = MessageTemplate(pdu)
    made = template.compose(pdu.source_addr, pdu.destination_addr, pdu.validity_period, pdu.short_message, pdu.tlvs)
    made.sequence = pdu.sequence
    assert made.command_id == pdu.command_id and made.tlvs == pdu.tlvs
    assert encode(made) == encode_by_table(made) == encode_by_table(pdu)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": b"1" * 21}, "source_addr"),
        ({"source": b"1\0"}, "source_addr"),
        ({"destination": b"1" * 21}, "destination_addr"),
        ({"destination": b"\0"}, "destination_addr"),
        ({"validity": b"123"}, "validity_period"),
        ({"validity": b"1234567\09012345R"}, "validity_period"),
        ({"text": b"x" * 255}, "short_message"),
    ],
)
def test_what_does_not_fit_is_named(changes, field):
    given = {"source": b"iSMS", "destination": b"30691", "validity": b"", "text": b"hi"} | changes
    with pytest.raises(EncodeError, match=field):
        MessageTemplate(submit()).compose(**given)


def test_a_template_is_as_strict():
    with pytest.raises(EncodeError, match="service_type"):
        MessageTemplate(submit(service_type=b"too long"))


def test_a_sequence_that_does_not_fit():
    with pytest.raises(EncodeError, match="sequence"):
        encode(ComposedPdu(command_id=c.SUBMIT_SM, body=b"", sequence=-1))

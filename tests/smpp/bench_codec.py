"""Codec figures: best of many timings, in µs an operation. Run: python tests/smpp/bench_codec.py."""

import timeit

from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.framing import Framer
from smsgwd.smpp.tlv import pack_tlvs


def best(call, number=20_000, repeat=25):
    return min(timeit.repeat(call, number=number, repeat=repeat)) / number * 1e6


def main():
    submit = p.SubmitSm(
        sequence=7,
        source_addr_ton=5,
        source_addr=b"iSMS",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=b"306912345678",
        registered_delivery=1,
        short_message=b"x" * 125,
    )
    frame = encode(submit)
    with_tlvs = p.SubmitSm(sequence=7, short_message=b"x" * 100, tlvs=pack_tlvs({0x0204: 5, 0x020C: 9, 0x020E: 3}))
    resp = p.SubmitSmResp(sequence=7, message_id=b"1234567890123456")
    for name, pdu in (
        (f"submit_sm ({len(frame)} octets)", submit),
        ("submit_sm with 3 TLVs", with_tlvs),
        (f"submit_sm_resp ({len(encode(resp))} octets)", resp),
        ("enquire_link", p.EnquireLink(sequence=9)),
    ):
        data = encode(pdu)
        dec = best(lambda data=data: decode(data))
        enc = best(lambda pdu=pdu: encode(pdu))
        print(f"{name:32} decode {dec:5.2f} µs   encode {enc:5.2f} µs")
    stream = frame * 50
    print(f"{'framing, 50 a read':32} {best(lambda: Framer().feed(stream), 2000) / 50:5.2f} µs a PDU")


if __name__ == "__main__":
    main()

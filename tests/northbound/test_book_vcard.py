"""Contacts as vCards of all versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.northbound.book_vcard import VCards, vcard_lines

# U+000B, U+0085 and the like are line ends to nobody but Python's splitlines: they stay.
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=60)
NAME = TEXT.map(lambda text: text.strip()).filter(bool)

V21 = """BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=CE=A0=CE=B1=CF=80=CE=B1=
=CE=B4=CE=AE;=CE=9C=CE=B1=CF=81=CE=AF=CE=B1
TEL;HOME;VOICE:+302101234567
TEL;CELL:+30 691 234 5678
NOTE;ENCODING=QUOTED-PRINTABLE:a=0D=
=0Ab
END:VCARD
"""
V3 = """begin:vcard\r
version:3.0\r
item1.EMAIL;type=INTERNET;type=pref:maria@example.net\r
N:O\\'Neil;Maria;Anna;Dr.;\r
FN:Dr. Maria Anna O'Neil\r
TEL;TYPE="work,voice":+302101234567\r
TEL;TYPE=cell,PREF:00306912345678\r
ADR;TYPE=HOME:;;Stadiou 1\\, 2nd floor;Athens;;10562;GR\r
NOTE:one\\ntwo\\; th\r
 ree\r
PHOTO;ENCODING=b:AAAA:BBBB\r
end:vcard\r
"""
V4 = """BEGIN:VCARD
VERSION:4.0
FN:Acme Ltd
TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+306912345678;ext=12
EMAIL:info@example.net
END:VCARD
"""


def fields_of(text):
    [(line, fields, error)] = list(VCards(text.encode()))
    assert (line, error) == (1, None)
    return fields


def test_version_2_1():
    assert fields_of(V21) == {
        "last_name": "Παπαδή",
        "first_name": "Μαρία",
        "number": "+30 691 234 5678",
        "comments": "a\nb",
    }


def test_version_3():
    assert fields_of(V3) == {
        "last_name": "O'Neil",
        "first_name": "Maria Anna",
        "email": "maria@example.net",
        "address": "Stadiou 1, 2nd floor, Athens, 10562",
        "country": "GR",
        "comments": "one\ntwo; three",
        "number": "00306912345678",
    }


def test_version_4():
    fields = fields_of(V4)
    assert (fields["first_name"], fields["number"], fields["email"]) == (
        "Acme Ltd", "+306912345678", "info@example.net",
    )  # fmt: skip


def test_other_charsets():
    card = "BEGIN:VCARD\nN;CHARSET=ISO-8859-7;ENCODING=QUOTED-PRINTABLE:=C1=E2\nTEL:1\nEND:VCARD"
    assert fields_of(card)["last_name"] == "Αβ"


@given(NAME, TEXT, TEXT, TEXT)
def test_what_goes_out_comes_back(first, last, address, comments):
    contact = Contact("+306912345678", first, last, "a@example.net", address.strip(), "GR", comments)
    written = vcard_lines([("306912345678", contact)])
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    fields = fields_of(written)
    assert Contact(fields.pop("number"), **fields) == contact


def test_one_bad_card_stops_no_other():
    body = "BEGIN:VCARD\nrubbish\nEND:VCARD\nBEGIN:VCARD\nTEL:1\nBEGIN:VCARD\nTEL:2\nEND:VCARD\nBEGIN:VCARD\n"
    rows = [(line, fields.get("number"), error and error.detail) for line, fields, error in VCards(body.encode())]
    assert rows == [
        (1, None, "the vCard has a line that is no property: 'rubbish'"),
        (4, None, "the vCard has no END:VCARD"),
        (6, "2", None),
        (9, None, "the vCard has no END:VCARD"),
    ]


@pytest.mark.parametrize(("first", "further"), [("NOTE:x", " abc\n"), ("NOTE;ENCODING=QUOTED-PRINTABLE:x=", "abc=\n")])
def test_a_value_of_very_many_lines(first, further):
    card = f"BEGIN:VCARD\n{first}\n{further * 100_000}\nTEL:+306912345678\nEND:VCARD\n"
    [(_, fields, error)] = VCards(card.encode())
    assert error is None
    assert fields["comments"] == "x" + "abc" * 100_000
    assert fields["number"] == "+306912345678"


def test_a_name_of_very_many_parts():
    [(_, fields, error)] = VCards(f"BEGIN:VCARD\nN:a;b;c{';' * 500_000}\nTEL:1\nEND:VCARD\n".encode())
    assert error is None
    assert (fields["last_name"], fields["first_name"]) == ("a", "b c")


def test_a_charset_nobody_knows():
    card = "BEGIN:VCARD\nN;CHARSET=ROT13;ENCODING=QUOTED-PRINTABLE:a\nEND:VCARD"
    [(_, _, error)] = list(VCards(card.encode()))
    assert "rot13" in error.detail


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"", Refusal.INVALID),
        (b"number\n1\n", Refusal.INVALID),
        (b"BEGIN:VCARD\nN:\xff\nEND:VCARD", Refusal.MALFORMED),
    ],
)
def test_no_vcards(body, refusal):
    with pytest.raises(Refused) as refused:
        VCards(body)
    assert refused.value.refusal is refusal


def test_a_card_of_very_many_properties_is_refused_before_they_are_read_all():
    def error_of(count):
        [(_, _, error)] = VCards(b"BEGIN:VCARD\n" + b"TEL:+306900000001\n" * count + b"END:VCARD\n")
        return error

    assert error_of(1000) is None
    assert error_of(1001).refusal is Refusal.INVALID and "1,000 properties" in error_of(1001).detail

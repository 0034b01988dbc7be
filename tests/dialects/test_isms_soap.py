import pytest
from hypothesis import given
from hypothesis import settings as settled
from hypothesis import strategies as st
from lxml import etree

from smsgwd.dialects.commands import Send, StateOf
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import Answered, Asked, Password
from smsgwd.dialects.isms import Isms
from smsgwd.dialects.isms_calls import write_id
from smsgwd.dialects.isms_wsdl import SPACE, wsdl
from smsgwd.model.message import Failure, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest

NOW = 1_800_000_000_000
TENANT = Tenant("isms", time_zone="Europe/Athens")
DIALECT = Isms(Options(public_url="https://sms.example/"))
SPACES = {11: "http://schemas.xmlsoap.org/soap/envelope/", 12: "http://www.w3.org/2003/05/soap-envelope"}
TYPES = {11: "text/xml; charset=utf-8", 12: "application/soap+xml; charset=utf-8"}
WHO = "<username>xxx</username><password>yyy</password>"
TO = "<to><recipients>306912345678</recipients></to>"
SEND = f"{WHO}<from>myself</from>{TO}<message>text</message>"


def post(body, version=11, path="/api/soap/", kind=None, method="POST", query=""):
    data = body if isinstance(body, bytes) else body.encode()
    headers = {"content-type": TYPES[version] if kind is None else kind}
    return HttpRequest(method, path, [], headers, data, "192.0.2.1", query)


def envelope(operation, version=11, header=""):
    return f'<s:Envelope xmlns:s="{SPACES[version]}">{header}<s:Body>{operation}</s:Body></s:Envelope>'


def op(name, inner, version=11):
    return post(envelope(f'<m:{name} xmlns:m="{SPACE}">{inner}</m:{name}>', version), version)


def command_of(request):
    return DIALECT.command(DIALECT.read(request), TENANT, NOW)


def fault_of(answer, version=11):
    """Code and sentence of a fault, checked for its shape."""
    assert answer.content_type == TYPES[version]
    root = etree.fromstring(answer.body)
    space = "{" + SPACES[version] + "}"
    assert root.tag == space + "Envelope"
    fault = root.find(f"{space}Body/{space}Fault")
    if version == 11:
        code, sentence = fault.findtext("faultcode"), fault.findtext("faultstring")
    else:
        code, sentence = fault.findtext(f"{space}Code/{space}Value"), fault.findtext(f"{space}Reason/{space}Text")
    prefix, _, name = code.partition(":")
    assert root.nsmap[prefix] == SPACES[version]
    return name, sentence


def ended(request, version=11, status=None):
    """The fault that a request ends in before or at its command."""
    with pytest.raises(Answered) as caught:
        command_of(request)
    answer = caught.value.answer
    assert answer.status == (status or (500 if version == 11 else 400))
    return fault_of(answer, version)


def returned(request, result):
    asked = DIALECT.read(request)
    answer = DIALECT.answer(asked, DIALECT.command(asked, TENANT, NOW), result, TENANT)
    return answer, etree.fromstring(answer.body)


def outcome(*codes):
    return Outcome(
        0xABCDEF,
        [Entry("306912345678", error=Failure(code) if code else None, id=None if code else 1) for code in codes],
    )


# ------------------------------------------------------------------ what is asked
@pytest.mark.parametrize("version", [11, 12])
def test_send(version):
    request = op("send", SEND + "<coding>GSM</coding><flash>true</flash>", version)
    asked = DIALECT.read(request)
    assert (asked.credential, asked.label, asked.scope) == (Password("xxx", "yyy"), "isms soap send", "send")
    command = DIALECT.command(asked, TENANT, NOW)
    assert isinstance(command, Send)
    (item,) = command.items
    assert (item.source, item.dest, item.text, item.flash, item.dlr_url) == (
        "myself",
        "306912345678",
        "text",
        True,
        None,
    )
    answer, root = returned(request, outcome(None))
    assert (answer.status, answer.content_type) == (200, TYPES[version])
    assert root.findtext(f".//{{{SPACE}}}sendResponse/return") == write_id(0xABCDEF)


@pytest.mark.parametrize("version", [11, 12])
def test_query(version):
    request = op("query", WHO + "<message_id>0008FABD</message_id><mobile>306912345678</mobile>", version)
    assert DIALECT.read(request).scope == "read"
    assert command_of(request) == StateOf(int("8FABD", 36), "306912345678")
    answer, root = returned(request, "opted_out")
    assert (answer.status, root.findtext(f".//{{{SPACE}}}queryResponse/return")) == (200, "Failed")


def test_answers_are_valid_by_the_schema_of_the_wsdl():
    document = etree.fromstring(wsdl("https://sms.example/api/soap/"))
    schema = etree.XMLSchema(document.find(".//{http://www.w3.org/2001/XMLSchema}schema"))
    _, root = returned(op("send", SEND), outcome(None))
    schema.assertValid(root[0][0])


@pytest.mark.parametrize(
    ("flash", "is_flash"),
    [("true", True), ("1", True), (" 1 ", True), ("false", False), ("0", False), ("", False), (None, False)],
)
def test_flash_is_an_xml_boolean(flash, is_flash):
    inner = "" if flash is None else f"<flash>{flash}</flash>"
    (item,) = command_of(op("send", SEND + inner)).items
    assert item.flash is is_flash


def test_nil_is_left_out():
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    inner = f"{WHO}<from>a</from>{TO}<message {nil}/><coding {nil}/><flash {nil}/>"
    (item,) = command_of(op("send", inner)).items
    assert (item.text, item.flash) == ("", False)


def test_any_namespace_any_order_any_type():
    rpc = (
        '<ns9:send xmlns:ns9="http://isms.example/old" soap:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/" '
        'xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<flash xsi:type="xsd:boolean">1</flash><x:message xmlns:x="urn:y" xsi:type="z:Text">Γεια &amp; </x:message>'
        '<to xsi:type="ns9:To"><recipients xsi:type="enc:Array"><item>306912345678</item><item>306998765432</item>'
        "</recipients></to><password>yyy</password><from>a</from><username>xxx</username></ns9:send>"
    )
    request = post(envelope(rpc), kind="text/xml")
    items = command_of(request).items
    assert [(item.dest, item.text, item.flash) for item in items] == [
        ("306912345678", "Γεια & ", True),
        ("306998765432", "Γεια & ", True),
    ]
    answer, root = returned(request, outcome(None, None))
    assert root[0][0].tag == "{http://isms.example/old}sendResponse"
    assert answer.status == 200


def test_an_operation_without_a_namespace_is_answered_without_one():
    _, root = returned(post(envelope(f"<send>{SEND}</send>")), outcome(None))
    assert root[0][0].tag == "sendResponse"


def test_references_of_the_soap_encoding():
    body = (
        f'<send>{WHO}<from href="#f"/><to href="#t"/></send><multiRef id="f">myself</multiRef>'
        '<multiRef id="t"><recipients href="#r"/></multiRef>'
        '<multiRef id="r"><item>306912345678</item><item href="#n"/></multiRef><multiRef id="n">306998765432</multiRef>'
    )
    items = command_of(post(envelope(body))).items
    assert [(item.source, item.dest) for item in items] == [("myself", "306912345678"), ("myself", "306998765432")]


def test_references_in_a_ring_end():
    body = f'<send>{WHO}<from>a</from><to href="#t"/></send><x id="t" href="#u"/><x id="u" href="#t"/>'
    assert ended(post(envelope(body))) == ("Client", "No recipients.")


def test_maps_of_php():
    to = "<to><item><key>recipients</key><value><item>306912345678</item><item>306998765432</item></value></item></to>"
    items = command_of(op("send", f"{WHO}<from>a</from>{to}")).items
    assert [item.dest for item in items] == ["306912345678", "306998765432"]


def test_other_charsets():
    document = '<?xml version="1.0" encoding="{}"?>' + envelope(
        f"<send>{WHO}<from>a</from>{TO}<message>Γεια</message></send>"
    )
    for charset in ("utf-16", "iso-8859-7", "windows-1253"):
        (item,) = command_of(post(document.format(charset).encode(charset), kind="text/xml")).items
        assert item.text == "Γεια"
    bare = envelope(f"<send>{WHO}<from>a</from>{TO}<message>Γεια</message></send>").encode("iso-8859-7")
    (item,) = command_of(post(bare, kind='text/xml; charset="ISO-8859-7"')).items
    assert item.text == "Γεια"
    assert ended(post(bare))[1] == "The request is malformed: it is no well-formed XML."
    assert ended(post(bare, kind="text/xml; charset=ebcdic-nowhere"))[0] == "Client"


# ------------------------------------------------------------------ errors of the page
@pytest.mark.parametrize("version", [11, 12])
@pytest.mark.parametrize(
    ("name", "inner", "sentence"),
    [
        ("send", "", "Authentication error."),
        ("send", "<username>x</username>", "Authentication error."),
        ("send", "<username>x</username><password/>", "Authentication error."),
        ("send", WHO, "No recipients."),
        ("send", WHO + "<from>a</from><to/>", "No recipients."),
        ("send", WHO + "<from>a</from><to><recipients/></to>", "No recipients."),
        ("send", WHO + "<from>a</from><to><recipients>abc</recipients></to>", "No recipients."),
        ("send", WHO + TO, "Invalid sender identity."),
        ("send", WHO + TO + "<from> </from>", "Invalid sender identity."),
        ("query", "", "Authentication error."),
        ("query", WHO, "No message ID defined."),
        ("query", WHO + "<message_id>1</message_id>", "No mobile defined."),
        ("query", WHO + "<message_id>!</message_id><mobile>306912345678</mobile>", "No such message or recipient."),
        ("send", SEND + "<flash>maybe</flash>", "The request is malformed: flash is true or false."),
        ("send", SEND + "<extra/>", "The request is malformed: send has no parameter extra."),
        ("send", SEND + "<message>twice</message>", "The request is malformed: message is there twice."),
        ("send", SEND + "<coding><a/></coding>", "The request is malformed: coding is a text."),
        ("send", WHO + "<to><number>1</number></to>", "The request is malformed: to has recipients, and no number."),
        ("delete", WHO, "There is no such operation: there are send and query."),
    ],
)
def test_faults(version, name, inner, sentence):
    assert ended(op(name, inner, version), version) == ("Client" if version == 11 else "Sender", sentence)


@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (["no_credit"], "Insufficient credits."),
        (["sender_not_allowed"], "Invalid sender identity."),
        (["invalid_recipient", "opted_out"], "No recipients."),
        (["too_many_parts"], "Invalid message."),
    ],
)
def test_faults_of_the_gateway(codes, sentence):
    answer, _ = returned(op("send", SEND), outcome(*codes))
    assert answer.status == 500 and fault_of(answer) == ("Client", sentence)
    answer, _ = returned(op("send", SEND, 12), outcome(*codes))
    assert answer.status == 400 and fault_of(answer, 12) == ("Sender", sentence)


def test_a_coding_that_is_none_is_told_behind_the_credits():
    request = op("send", SEND + "<coding>EBCDIC</coding>")
    assert command_of(request).dry
    assert fault_of(returned(request, outcome(None))[0]) == ("Client", "Invalid coding.")
    assert fault_of(returned(request, outcome("no_credit"))[0]) == ("Client", "Insufficient credits.")


def test_no_such_message():
    request = op("query", WHO + "<message_id>1</message_id><mobile>306912345678</mobile>")
    answer, _ = returned(request, None)
    assert fault_of(answer) == ("Client", "No such message or recipient.")


@pytest.mark.parametrize("version", [11, 12])
@pytest.mark.parametrize("refusal", list(Refusal))
@pytest.mark.parametrize("read", [True, False])
def test_every_refusal_is_a_fault(version, refusal, read):
    request = op("send", SEND, version)
    answer = DIALECT.refused(request, DIALECT.read(request) if read else None, Refused(refusal, "a detail of ours"))
    code, sentence = fault_of(answer, version)
    server = "Server" if version == 11 else "Receiver"
    assert (code == server) is (refusal.http >= 500)
    assert sentence.endswith(".") and "detail" not in sentence and answer.status >= 400
    if refusal is Refusal.UNAUTHENTICATED:
        assert sentence == "Authentication error."


def test_a_query_for_what_is_no_number():
    request = op("query", WHO + "<message_id>1</message_id><mobile>abc</mobile>")
    answer = DIALECT.refused(request, DIALECT.read(request), Refused(Refusal.INVALID_RECIPIENT))
    assert fault_of(answer) == ("Client", "No such message or recipient.")


# ------------------------------------------------------------------ SOAP itself
@pytest.mark.parametrize("version", [11, 12])
def test_headers_that_must_be_understood_are_not(version):
    space = SPACES[version]
    header = f'<s:Header><w:Security xmlns:w="urn:w" s:mustUnderstand="{"1" if version == 11 else "true"}"/></s:Header>'
    request = post(envelope(f"<send>{SEND}</send>", version, header), version)
    with pytest.raises(Answered) as caught:
        DIALECT.read(request)
    answer = caught.value.answer
    assert (answer.status, fault_of(answer, version)) == (
        500,
        ("MustUnderstand", "The header Security is not understood."),
    )
    not_understood = etree.fromstring(answer.body).find(f"{{{space}}}Header/{{{space}}}NotUnderstood")
    if version == 12:
        assert not_understood.get("qname") == "n:Security" and not_understood.nsmap["n"] == "urn:w"


@pytest.mark.parametrize(
    "attributes",
    ['s:mustUnderstand="0"', "", 's:mustUnderstand="1" s:actor="urn:somebody-else"', 'mustUnderstand="1"'],
)
def test_other_headers_are_passed_over(attributes):
    header = f'<s:Header><w:Security xmlns:w="urn:w" {attributes}>x</w:Security></s:Header>'
    assert command_of(post(envelope(f"<send>{SEND}</send>", 11, header))).items


def test_another_version():
    request = post('<s:Envelope xmlns:s="urn:soap13"><s:Body/></s:Envelope>')
    assert ended(request)[0] == "VersionMismatch"


def test_the_envelope_says_the_version_not_the_content_type():
    request = post(envelope(f"<send>{WHO}</send>", 12), kind="text/xml")
    assert ended(request, 12) == ("Sender", "No recipients.")


DEEP = 100_000
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefghi", "bcdefghij", strict=True))
    + "]>"
)


@pytest.mark.parametrize("version", [11, 12])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"hello",
        b"username=x&password=y",
        b"<x/>",
        b"<a>" * DEEP,
        b"<a>" * DEEP + b"</a>" * DEEP,
        envelope("<send>" + "<a>" * 300 + "</a>" * 300 + "</send>").encode(),
        b"\xff\xfe<\0",
        b'<?xml version="1.0" encoding="nowhere"?><x/>',
        envelope("").encode(),
        f'<s:Envelope xmlns:s="{SPACES[11]}"/>'.encode(),
        envelope("<send>").encode(),
        envelope("<send/><send/>").encode(),
        envelope(f"<send>{SEND}</send>").encode().replace(b"text", b"\xff"),
        envelope(f"<send>{SEND}</send>").encode().replace(b"text", b"&unknown;"),
        envelope(f"<send>{SEND}</send>").encode().replace(b"text", b"\0"),
        ('<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + envelope(f"<send>{SEND}</send>")).encode(),
        ("<!DOCTYPE x []>" + envelope(f"<send>{SEND}</send>")).encode(),
        ('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + envelope(f"<send>{SEND}</send>"))
        .replace("text", "&e;")
        .encode(),
        ('<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/"> %e;]>' + envelope(f"<send>{SEND}</send>")).encode(),
        (BOMB + envelope(f"<send>{SEND}</send>")).replace("text", "&j;").encode(),
        (BOMB + envelope(f'<send a="&j;">{SEND}</send>')).encode(),
        b"<x>" + b"a" * 10_000_000 + b"</x>",
        envelope("<a/>" * 30_000).encode(),
    ],
)
def test_what_is_no_request_is_a_fault(version, body):
    code, sentence = ended(post(body, version), version)
    assert code == ("Client" if version == 11 else "Sender") and "passwd" not in sentence and "root" not in sentence


def test_a_text_that_says_doctype_is_a_text():
    (item,) = command_of(post(envelope(f"<send>{SEND}</send>".replace("text", "<![CDATA[<!DOCTYPE x>]]>")))).items
    assert item.text == "<!DOCTYPE x>"


@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_content_types(kind):
    assert ended(post(envelope(f"<send>{SEND}</send>"), kind=kind), status=415)[0] == "Client"


def test_no_content_type_will_do():
    assert command_of(post(envelope(f"<send>{SEND}</send>"), kind="")).items


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "get"])
def test_other_methods(method):
    assert ended(post("", method=method), status=405)[0] == "Client"


@pytest.mark.parametrize("path", ["/api/soap/x", "/api/soapx", "/API/SOAP/", "/api/soap//"])
def test_other_paths(path):
    assert ended(post(envelope(f"<send>{SEND}</send>"), path=path), status=404)[0] == "Client"


# ------------------------------------------------------------------ WSDL
@pytest.mark.parametrize("query", ["wsdl", "WSDL", "Wsdl=", "singleWsdl&wsdl", "wsdl=1"])
@pytest.mark.parametrize("path", ["/api/soap/", "/api/soap"])
def test_the_wsdl(path, query):
    with pytest.raises(Answered) as caught:
        DIALECT.read(post(b"", path=path, method="GET", query=query))
    answer = caught.value.answer
    assert (answer.status, answer.content_type) == (200, "text/xml; charset=utf-8")
    root = etree.fromstring(answer.body)
    addresses = root.xpath("//*[local-name()='address']/@location")
    assert addresses == ["https://sms.example/api/soap/"] * 2


def test_an_address_is_quoted():
    root = etree.fromstring(wsdl('http://a.example/?x=1&y=<">'))
    assert root.xpath("//*[local-name()='address']/@location")[0] == 'http://a.example/?x=1&y=<">'


@pytest.mark.parametrize("query", ["", "wsdlx", "x=wsdl", "disco"])
def test_a_browser_is_told_what_this_is(query):
    with pytest.raises(Answered) as caught:
        DIALECT.read(post(b"", method="GET", query=query))
    assert caught.value.answer.status == 200
    assert b"https://sms.example/api/soap/?wsdl" in caught.value.answer.body


# ------------------------------------------------------------------ whatever comes
PIECES = st.sampled_from(
    ["<send>", "</send>", "<query>", "</query>", WHO, TO, "<to>", "</to>", "<from>a</from>", "<flash>", "</flash>", "x",
     '<a id="t"/>', '<to href="#t"/>', "<item><key>recipients</key><value/></item>", "<recipients>", "</recipients>",
     "<!-- -->", "<?x?>", "&amp;", "&#0;", "<message_id>1</message_id>", "<mobile>306912345678</mobile>"]
)  # fmt: skip


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(PIECES, max_size=10).map(lambda pieces: envelope("".join(pieces)).encode()),
        st.lists(PIECES, max_size=10).map(lambda pieces: envelope(f"<send>{WHO}{''.join(pieces)}</send>", 12).encode()),
    ),
    st.sampled_from(["text/xml", "application/soap+xml", "text/xml; charset=utf-16", "", "text/xml; charset=idna"]),
)
@settled(max_examples=500, deadline=None)
def test_whatever_comes_is_answered(body, kind):
    request = post(body, kind=kind)
    try:
        asked = DIALECT.read(request)
        assert isinstance(asked, Asked) and asked.label in DIALECT.labels
        DIALECT.command(asked, TENANT, NOW)
    except Answered as answered:
        etree.fromstring(answered.answer.body)


def test_an_outcome_keeps_its_states():
    taken = Outcome(1, [Entry("306912345678", 2, State.QUEUED, 1), Entry("1", error=Failure("invalid_recipient"))])
    _, root = returned(op("send", SEND), taken)
    assert root.findtext(".//return") == "1"


def _referring(name, times, target):
    """A send whose elements refer to one and the same."""
    refs = f'<{name} href="#t"/>' * times
    return f"<m:send xmlns:m='{SPACE}'>{WHO}<from>me</from><to>{refs}</to></m:send><t id='t'{target}</t>"


@pytest.mark.parametrize("version", [11, 12])
@pytest.mark.parametrize(
    "operation",
    [
        _referring("recipients", 100, ">" + "3" * 50_000),
        _referring("recipients", 1000, ">" + "<i>1</i>" * 1000),
        _referring("item", 100, "><a>recipients" + " " * 50_000 + "</a><b>1</b>"),
        _referring("recipients", 2000, "".join(f" a{at}=''" for at in range(1000)) + ">1"),
        "<m:send xmlns:m='u'>"
        + "".join(f'<v{at} href="#t"/>' for at in range(100))
        + f"</m:send><t id='t'>{'x' * 50_000}</t>",
    ],
)
def test_references_make_no_more_of_an_envelope_than_may_be_sent(version, operation):
    with pytest.raises(Answered) as found:
        DIALECT.read(post(envelope(operation, version), version))
    assert b"refers to more than 1000000 octets" in found.value.answer.body


def test_several_elements_may_refer_to_one():
    asked = DIALECT.read(post(envelope(_referring("recipients", 1000, ">306912345678"))))
    assert asked.what.recipients == ["306912345678"] * 1000

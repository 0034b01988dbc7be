"""The WSDL of the SOAP style of iSMS.gr: document/literal with wrapped elements, bound to SOAP 1.1 and 1.2.

Its local elements have no namespace, so that what travels looks like rpc/literal and stubs of that kind work, too.
To change what SOAP takes, edit `SCHEMA`: requests are validated against it.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import quoteattr

SPACE: Final = "urn:isms:soap"

SCHEMA: Final = f"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="{SPACE}" targetNamespace="{SPACE}">
  <xs:complexType name="Recipients">
    <xs:sequence>
      <xs:element name="recipients" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence>
  </xs:complexType>
  <xs:element name="send">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="username" type="xs:string"/>
        <xs:element name="password" type="xs:string"/>
        <xs:element name="from" type="xs:string"/>
        <xs:element name="to" type="t:Recipients"/>
        <xs:element name="message" type="xs:string" minOccurs="0"/>
        <xs:element name="coding" type="xs:string" minOccurs="0"/>
        <xs:element name="flash" type="xs:boolean" minOccurs="0"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="sendResponse">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="return" type="xs:string"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="query">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="username" type="xs:string"/>
        <xs:element name="password" type="xs:string"/>
        <xs:element name="message_id" type="xs:string"/>
        <xs:element name="mobile" type="xs:string"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="queryResponse">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="return" type="xs:string"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""


def wsdl(address: str) -> bytes:
    """The document for a service at `address` (a URL)."""
    where = quoteattr(address)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions name="isms" targetNamespace="{SPACE}" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{SPACE}"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">
<types>
{SCHEMA}</types>
<message name="sendRequest"><part name="parameters" element="t:send"/></message>
<message name="sendResponse"><part name="parameters" element="t:sendResponse"/></message>
<message name="queryRequest"><part name="parameters" element="t:query"/></message>
<message name="queryResponse"><part name="parameters" element="t:queryResponse"/></message>
<portType name="ismsPortType">
  <operation name="send">
    <documentation>Sends a text to each of the recipients and returns the id of the message.</documentation>
    <input message="t:sendRequest"/><output message="t:sendResponse"/>
  </operation>
  <operation name="query">
    <documentation>Returns the state of a message to one recipient: Queued, Pending, Delivered, Failed.</documentation>
    <input message="t:queryRequest"/><output message="t:queryResponse"/>
  </operation>
</portType>
{_binding("soap", "ismsSoap")}
{_binding("soap12", "ismsSoap12")}
<service name="isms">
  <port name="ismsSoap" binding="t:ismsSoap"><soap:address location={where}/></port>
  <port name="ismsSoap12" binding="t:ismsSoap12"><soap12:address location={where}/></port>
</service>
</definitions>
""".encode()


def _binding(prefix: str, name: str) -> str:
    operations = "\n".join(
        f'  <operation name="{operation}">\n'
        f'    <{prefix}:operation soapAction="{SPACE}#{operation}" style="document"/>\n'
        f'    <input><{prefix}:body use="literal"/></input><output><{prefix}:body use="literal"/></output>\n'
        "  </operation>"
        for operation in ("send", "query")
    )
    return (
        f'<binding name="{name}" type="t:ismsPortType">\n'
        f'  <{prefix}:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
        f"{operations}\n"
        "</binding>"
    )

"""Options that say how a request looks: address, fields, body, and how it proves who we are."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, model_validator

from smsgwd.providers import option, secret
from smsgwd_generic_http.parts import Charset, HeaderName, Part, Text
from smsgwd_generic_http.templates import Template

#: Of one message of a group.
OWN_VALUES: Final = frozenset(("id", "to", "to_plus", "callback_url", "foreign_id"))
#: Alike in a group, with the field of Outbound that makes them so.
SHARED_VALUES: Final = {
    "from": "sender",
    "from_plus": "sender",
    "text": "text",
    "coding": "alphabet",
    "parts": "parts",
    "flash": "flash",
    "priority": "priority",
    "validity_min": "",
    "validity_s": "",
    "client_ref": "client_ref",
}
#: Of no message in particular.
COMMON_VALUES: Final = frozenset(("timestamp", "common_callback_url"))
#: Of a request that is made already: for what is signed.
REQUEST_VALUES: Final = frozenset(("method", "url", "host", "path", "query", "body"))
_ALL: Final = OWN_VALUES | SHARED_VALUES.keys() | COMMON_VALUES
_FORMS: Final = ("$each", "$number", "$bool")
_SECRET: Final = "secret:"  # noqa: S105 -- a prefix
_NOT_HEADERS: Final = {
    "content-type": "`body.content_type` says it",
    "authorization": "`auth` does",
    **dict.fromkeys(("host", "content-length", "transfer-encoding", "connection"), "the gateway does"),
}
_PLACE_OF_HOST: Final = "//"


def unknown_names(template: Template, known: frozenset[str]) -> list[str]:
    """Places that stand for nothing here; those of secrets are judged where the secrets are."""
    return sorted(
        name
        for name in template.names
        if name not in known and not (name.startswith(_SECRET) and len(name) > len(_SECRET))
    )


def _checked(known: frozenset[str]) -> Any:
    def check(value: str) -> str:
        unknown = unknown_names(Template(value), known)
        if unknown:
            there = ", ".join(sorted(known))
            raise ValueError(f"there is no value '{unknown[0]}'; there are: {there}, secret:NAME")
        return value

    return AfterValidator(check)


def _url(value: str) -> str:
    template = Template(value)
    if value.startswith("/"):
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("is no http or https URL, nor a path after base_url")
    server = value.partition(_PLACE_OF_HOST)[2].partition("/")[0].partition("?")[0]
    if Template(server).names:
        raise ValueError("its host cannot depend on values")
    plain = template.fill(dict.fromkeys(template.names, "x"))
    try:
        parts = urlsplit(plain)
        if not parts.hostname or parts.username is not None or parts.fragment or parts.port == 0:
            raise ValueError
    except ValueError:
        raise ValueError("is no URL with a host, without user and fragment") from None
    if any(char.isspace() or char not in string.printable for char in plain):
        raise ValueError("holds characters that must be percent-encoded")
    return value


def _base_url(value: str) -> str:
    if Template(value).names:
        raise ValueError("cannot depend on values")
    if value and (value.startswith("/") or "?" in value):
        raise ValueError("is no http or https URL without a query")
    return _url(value).rstrip("/") if value else value


def _headers(value: Mapping[str, str]) -> Mapping[str, str]:
    for name in value:
        if name.lower() in _NOT_HEADERS:
            raise ValueError(f"'{name}' is not for you to set: {_NOT_HEADERS[name.lower()]}")
    if len({name.lower() for name in value}) < len(value):
        raise ValueError("names the same header twice")
    return value


def _json_body(value: Any) -> Any:
    problems = list(_problems(value, "$"))
    if problems:
        raise ValueError("; ".join(problems))
    return value


def _problems(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        forms = [key for key in value if isinstance(key, str) and key.startswith("$")]
        if forms and (len(value) > 1 or forms[0] not in _FORMS):
            yield f"{at}: '{forms[0]}' stands alone, and is one of {', '.join(_FORMS)}"
        for key, each in value.items():
            if not isinstance(key, str):
                yield f"{at}: the key {key} is no text"
            elif forms and key in ("$number", "$bool") and not isinstance(each, str):
                yield f"{at}.{key}: is no text with values"
            else:
                yield from _problems(each, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _problems(each, f"{at}[{place}]")
    elif isinstance(value, str):
        try:
            unknown = unknown_names(Template(value), frozenset(_ALL))
        except ValueError as error:
            yield f"{at}: {error}"
        else:
            if unknown:
                yield f"{at}: there is no value '{unknown[0]}'"
    elif not (value is None or isinstance(value, bool | int | float)):
        yield f"{at}: is nothing that JSON has"


def _xml_body(value: str) -> str:
    from smsgwd_generic_http.xml import parsed_xml

    template = Template(value)
    if parsed_xml(template.fill(dict.fromkeys(template.names, "x")).strip().encode()) is None:
        raise ValueError("is no XML when its values are filled in, or has a document type")
    return value.strip()


Filled = Annotated[Text, _checked(frozenset(_ALL))]
Signed = Annotated[Text, _checked(frozenset(_ALL | REQUEST_VALUES))]
Url = Annotated[str, AfterValidator(_url)]
BaseUrl = Annotated[str, AfterValidator(_base_url)]
Secret = Annotated[SecretStr, BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value)]
Algorithm = Literal["sha256", "sha512", "sha384", "sha1", "md5"]
Encoding = Literal["hex", "HEX", "base64", "base64url"]


class Body(Part):
    """One of `json`, `form`, `xml`, `text`."""

    json_body: Annotated[Any, AfterValidator(_json_body)] = option(
        "JSON: what stands here, with values in its texts; `{$number: TEXT}` and `{$bool: TEXT}` make a number or"
        " true/false of a text, `{$each: X}` a list with X for each message of the group.",
        default=None,
        alias="json",
        example={"to": "{to}", "text": "{text}"},
    )
    form: Mapping[str, Filled] | None = option(
        "A form: fields by name.", default=None, example={"To": "{to_plus}", "Body": "{text}"}
    )
    xml: Annotated[Filled, AfterValidator(_xml_body)] | None = option(
        "XML; values are escaped.", default=None, example="<sms to='{to}'>{text}</sms>"
    )
    text: Filled | None = option("Any other text; `escape` says how its values are escaped.", default=None)
    escape: Literal["url", "json", "xml", "none"] = option("For `text`.", default="url")
    content_type: str | None = option(
        "The Content-Type; null = that of JSON, of forms, of XML; text/plain for `text`.",
        default=None,
        pattern=r"^[ -~]{1,200}$",
    )

    @model_validator(mode="after")
    def _one(self) -> Body:
        kinds = {"json": self.json_body, "form": self.form, "xml": self.xml, "text": self.text}
        given = [kind for kind, value in kinds.items() if value is not None]
        if len(given) != 1:
            raise ValueError("one of 'json', 'form', 'xml' and 'text' is needed, and one only")
        return self


class RequestShape(Part):
    """A request."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = option(
        "Its method; null = POST with a body, GET without.", default=None
    )
    url: Url = option("Its address, values are percent-encoded; or a path after `base_url`.", example="/messages")
    query: Mapping[str, Filled] = option(
        "Fields added to the URL. One whose values are all empty is left out, also of forms and JSON.",
        default_factory=dict,
    )
    headers: Annotated[Mapping[HeaderName, Filled], AfterValidator(_headers)] = option(
        "Headers besides those of `auth`.", default_factory=dict
    )
    body: Body | None = option("Its body; null = none.", default=None)
    charset: Charset = option(
        "In which values are percent-encoded and texts sent (JSON is always UTF-8).", default="utf-8"
    )

    def templates(self) -> Iterator[tuple[str, str]]:
        """Every text with values in it, by key; those of a JSON body within `$each` have `$each` in theirs."""
        yield "url", self.url
        for name, mapping in (("query", self.query), ("headers", self.headers)):
            yield from ((f"{name}.{key}", value) for key, value in mapping.items())
        if self.body is not None:
            body = self.body
            yield from ((f"body.form.{key}", value) for key, value in (body.form or {}).items())
            yield from _texts(body.json_body, "body.json")
            if body.xml is not None:
                yield "body.xml", body.xml
            if body.text is not None:
                yield "body.text", body.text


def _texts(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(each, f"{at}.{key}")
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _texts(each, f"{at}[{place}]")
    elif isinstance(value, str):
        yield at, value


class Basic(Part):
    """HTTP Basic (RFC 7617)."""

    username: Text = option("Our account.")
    password: Secret = secret("Its password.")


class HeaderAuth(Part):
    """A header of the provider's own."""

    name: HeaderName = option("Its name.", default="Authorization", example="X-Api-Key")
    value: Secret = secret("Its value, all of it.")


class Hmac(Part):
    """A signature of each request."""

    key: Secret = secret("The shared key.")
    algorithm: Algorithm = option("Its hash.", default="sha256")
    signed: Signed = option(
        "What is signed; besides the values of the request: {method}, {url}, {host}, {path}, {query}, {body}.",
        default="{body}",
        example="{timestamp}{method}{path}{body}",
    )
    encoding: Encoding = option("How it is written.", default="hex")
    header: HeaderName | None = option("The header it goes into.", default=None, example="X-Signature")
    query: str | None = option("Or the field of the URL's query.", default=None, min_length=1)
    prefix: Text = option("What stands before it.", default="", example="sha256=", pattern=r"^[ -~]*$")

    @model_validator(mode="after")
    def _somewhere(self) -> Hmac:
        if (self.header is None) == (self.query is None):
            raise ValueError("one of 'header' and 'query' must say where the signature goes")
        if self.query is not None and {"url", "query"} & Template(self.signed).names:
            raise ValueError("a signature in the query cannot sign {url} or {query}")
        return self


class Auth(Part):
    """How requests prove who we are; several may be given."""

    basic: Basic | None = option("HTTP Basic.", default=None)
    bearer: Secret | None = secret("A token: `Authorization: Bearer ...`.", default=None)
    header: HeaderAuth | None = option("A header of the provider's own.", default=None)
    query: Mapping[str, Secret] = option("Fields of the URL's query.", default_factory=dict)
    form: Mapping[str, Secret] = option("Fields of a form body.", default_factory=dict)
    hmac: Hmac | None = option("A signature.", default=None)

    @model_validator(mode="after")
    def _one_authorization(self) -> Auth:
        given = [
            name
            for name, is_given in (
                ("basic", self.basic is not None),
                ("bearer", self.bearer is not None),
                ("header", self.header is not None and self.header.name.lower() == "authorization"),
            )
            if is_given
        ]
        if len(given) > 1:
            raise ValueError(f"'{given[0]}' and '{given[1]}' exclude each other: both are the header Authorization")
        return self

"""Signatures: of our requests, and of the provider's callbacks. HMAC (RFC 2104) only."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

from smsgwd.providers import CallbackRefused, CallbackRequest, Request
from smsgwd_generic_http.answers_options import Signature
from smsgwd_generic_http.requests_options import Hmac
from smsgwd_generic_http.templates import Template, for_header

_KIND_AND_NAME: Final = re.compile(r"(header|field):(.*)")
_MOST_FIELDS: Final = 200


def signature(key: str, algorithm: str, encoding: str, signed: bytes) -> str:
    """An HMAC as text."""
    made = hmac.new(key.encode(), signed, getattr(hashlib, algorithm))
    if encoding == "base64":
        return b64encode(made.digest()).decode("ascii")
    if encoding == "base64url":
        return urlsafe_b64encode(made.digest()).decode("ascii").rstrip("=")
    text = made.hexdigest()
    return text.upper() if encoding == "HEX" else text


def signed_request(request: Request, by: Hmac, values: Mapping[str, str]) -> Request:
    """The request with its signature. `values` are those of the request's templates."""
    parts = urlsplit(request.url)
    said = {
        "method": request.method,
        "url": request.url,
        "host": parts.netloc,
        "path": parts.path or "/",
        "query": parts.query,
    }
    text = by.prefix + signature(
        by.key.get_secret_value(), by.algorithm, by.encoding, _filled(by.signed, {**values, **said}, request.body)
    )
    if by.header is not None:
        headers = {**request.headers, by.header: for_header(text)}
        return Request(request.method, request.url, headers, request.body)
    joined = "&" if "?" in request.url else "?"
    return Request(
        request.method,
        f"{request.url}{joined}{quote(by.query or '', safe='')}={quote(text, safe='')}",
        request.headers,
        request.body,
    )


def check(request: CallbackRequest, by: Signature, url: str, secrets: Mapping[str, str]) -> None:
    """Raises CallbackRefused with status 403 for a callback that is not signed as it should be."""
    fields = request.fields()
    values: dict[str, str] = {f"secret:{name}": value for name, value in secrets.items()}
    values |= {"method": request.method, "url": url, "sorted_form": _sorted_form(request)}
    for name in Template(by.signed).names:
        if about := _KIND_AND_NAME.fullmatch(name):
            source = request.headers if about[1] == "header" else fields
            values[name] = source.get(about[2].lower() if about[1] == "header" else about[2], "")
    given = request.headers.get(by.header.lower(), "") if by.header is not None else fields.get(by.field or "", "")
    wanted = by.prefix + signature(
        by.key.get_secret_value(), by.algorithm, by.encoding, _filled(by.signed, values, request.body)
    )
    given = given.strip()
    if by.encoding in ("hex", "HEX"):
        given, wanted = given.lower(), wanted.lower()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise CallbackRefused("the signature is missing or wrong", 403)


def _filled(source: str, values: Mapping[str, str], body: bytes) -> bytes:
    """`source` as octets, `{body}` as it is on the wire."""
    pieces = re.split(r"(?<!\{)\{body\}(?!\})", source)
    made = []
    for piece in pieces:
        template = Template(piece)
        made.append(template.fill({name: values.get(name, "") for name in template.names}).encode("utf-8", "replace"))
    return body.join(made)


def _sorted_form(request: CallbackRequest) -> str:
    if "form-urlencoded" not in request.headers.get("content-type", ""):
        return ""
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return ""
    return "".join(name + value for name, value in sorted(pairs))

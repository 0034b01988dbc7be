"""The OpenAPI 3.1 document, made from the table of routes and the types requests are decoded with."""

from __future__ import annotations

from typing import Any

import msgspec

from smsgwd import __version__
from smsgwd.model.refusals import Refusal
from smsgwd.net.http_message import JSON_TYPE, PROBLEM_TYPE, RETRY_AFTER, HttpResponse
from smsgwd.northbound.answers import Problem
from smsgwd.northbound.route import Parameter, Route
from smsgwd.northbound.routes import ROUTES

_REF = "#/components/schemas/{name}"
_TEXT = """Send SMS, ask what became of them, cancel what has not left.

Authenticate with HTTP Basic (user name and password) or `Authorization: Bearer TOKEN`. Bodies are JSON in UTF-8;
unknown fields are refused. Ids are decimal strings, times RFC 3339 UTC, money decimal strings. Errors are RFC 9457
problem documents with a stable `code`. Answers 429 and 503 carry `Retry-After`, and nothing was taken."""
_SUCCESS = {200: "Found.", 201: "Created.", 202: "Accepted and stored.", 204: "Done; the answer has no body."}
#: What no type says: of which fields one is needed.
_ONE_OF = {
    "SendRequest": (("oneOf", ("text", "template")), ("anyOf", ("to", "to_group"))),
    "BatchMessage": (("oneOf", ("text", "template")),),
}
_STATUS_TEXT = {
    400: "The request is malformed.",
    401: "No credentials, or unknown ones.",
    403: "The credential is good, but not for this or not from here.",
    404: "There is no such thing of this account.",
    408: "The request did not arrive in time.",
    409: "It is too late, or another request has to end first.",
    413: "The body is larger than allowed.",
    415: "The body is of another type than is taken.",
    422: "A value is not allowed, or no recipient was accepted.",
    429: "Too many; ask again after `Retry-After` seconds.",
    431: "The request line or headers are larger than allowed.",
    500: "The gateway failed at this request; it has been logged.",
    503: "Nothing can be taken now; ask again after `Retry-After` seconds.",
}


def openapi_document() -> dict[str, Any]:
    """The document, as JSON values."""
    types = _types()
    refs, components = msgspec.json.schema_components(types, ref_template=_REF)
    _name_integers(components)
    for name, alternatives in _ONE_OF.items():
        components[name]["allOf"] = [{kind: [{"required": [one]} for one in names]} for kind, names in alternatives]
    schemas = dict(zip(types, refs, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "smsgwd", "version": __version__, "description": _TEXT},
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"token": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in ROUTES)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
        "x-error-codes": {refusal.code: {"status": refusal.http, "title": refusal.title} for refusal in Refusal},
    }


def openapi_bytes() -> bytes:
    """The document as it is served and kept in docs/."""
    return msgspec.json.format(msgspec.json.encode(openapi_document()), indent=1) + b"\n"


def openapi_response() -> HttpResponse:
    """GET /openapi.json."""
    headers = (("Content-Type", JSON_TYPE), ("X-Content-Type-Options", "nosniff"))
    return HttpResponse(200, headers, openapi_bytes(), "GET /openapi.json")


def _name_integers(schema: Any) -> None:
    """A number that is a multiple of 1 is an integer: say so, in place."""
    if isinstance(schema, list):
        for one in schema:
            _name_integers(one)
    elif isinstance(schema, dict):
        if schema.get("type") == "number" and schema.get("multipleOf") == 1:
            schema["type"] = "integer"
            del schema["multipleOf"]
        for one in schema.values():
            _name_integers(one)


def _types() -> list[type]:
    found: dict[type, None] = {Problem: None}
    for route in ROUTES:
        found.update(dict.fromkeys(route.answer))
        if route.body is not None:
            found[route.body] = None
    return list(found)


def _operation(route: Route, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [route.tag],
        "responses": _responses(route, schemas),
    }
    if route.text:
        operation["description"] = route.text
    if route.parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in route.parameters]
    content = {kind: {"schema": {"type": "string"}} for kind in route.takes}
    if route.body is not None:
        content = {JSON_TYPE: {"schema": schemas[route.body]}, **content}
    if content:
        operation["requestBody"] = {"required": True, "content": content}
    if not route.authenticated:
        operation["security"] = []
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.text,
        "schema": parameter.schema,
    }
    if parameter.repeated:
        described.update(style="form", explode=True)
    return described


def _responses(route: Route, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": _SUCCESS[route.status]}
    shapes = [schemas[kind] for kind in route.answer]
    schema: dict[str, Any] = {"anyOf": shapes} if len(shapes) > 1 else shapes[0] if shapes else {}
    if not route.authenticated:
        success["description"] = "The description."
        schema = {"type": "object"} if route.media_type == JSON_TYPE else {"type": "string"}
    kinds = {kind: {"schema": {"type": "string"}} for kind in route.gives}
    if route.answer or not kinds:
        kinds = {route.media_type: {"schema": schema}, **kinds}
    if route.status != 204:
        success["content"] = kinds
    responses = {str(route.status): success}
    statuses: dict[int, list[Refusal]] = {}
    # A query nobody asked for is refused everywhere, and every request may be cut off or fail.
    everywhere: tuple[Refusal, ...] = (Refusal.MALFORMED, Refusal.INVALID, Refusal.HEADERS_TOO_LARGE, Refusal.INTERNAL)
    if route.slots:  # what cannot stand in a slot makes a path where nothing is
        everywhere = (*everywhere, Refusal.NOT_FOUND)
    for refusal in Refusal:
        if refusal in route.errors or refusal in everywhere:
            statuses.setdefault(refusal.http, []).append(refusal)
    for status, refusals in sorted(statuses.items()):
        responses[str(status)] = _problem(status, refusals, schemas[Problem])
    return responses


def _problem(status: int, refusals: list[Refusal], schema: dict[str, Any]) -> dict[str, Any]:
    codes = ", ".join(f"`{refusal.code}`" for refusal in refusals)
    described: dict[str, Any] = {
        "description": f"{_STATUS_TEXT[status]} Codes: {codes}.",
        "content": {PROBLEM_TYPE: {"schema": schema}},
    }
    headers: dict[str, Any] = {}
    if any(refusal in RETRY_AFTER for refusal in refusals):
        headers["Retry-After"] = {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}}
    if status == 401:
        headers["WWW-Authenticate"] = {"description": "Basic and Bearer.", "schema": {"type": "string"}}
    if headers:
        described["headers"] = headers
    return described

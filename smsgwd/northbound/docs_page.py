"""The page /docs: the OpenAPI document for people. One HTML file, no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from typing import Any

from smsgwd.net.http_message import HttpResponse
from smsgwd.northbound.openapi import openapi_document
from smsgwd.northbound.routes import ROUTES

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h1,h2,h3{line-height:1.2}h2{margin-top:3rem;border-bottom:1px solid #ccc;padding-bottom:.3rem}"
    "code,pre{font:14px/1.4 ui-monospace,monospace;background:#f3f3f3;border-radius:3px}code{padding:.1em .3em}"
    "h2 code{font-size:1.15rem;font-weight:600;background:none;padding:0}"
    "pre{padding:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}"
    "table{border-collapse:collapse;width:100%;margin:.8rem 0}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid #ddd}"
    "tr:target,h2:target,h3:target{background:#fff3c4}"
    "@media(max-width:40rem){td,code{overflow-wrap:anywhere}th,td{padding:.3rem;min-width:3.4rem}}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#262626}"
    "th,td{border-color:#333}a{color:#8ab4f8}tr:target,h2:target,h3:target{background:#4a3f10}}"
)


def docs_response() -> HttpResponse:
    """GET /docs, with a policy under which the page can do nothing but be read."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    return HttpResponse(200, headers, docs_html().encode("utf-8"), "GET /docs")


def docs_html() -> str:
    """The page."""
    document = openapi_document()
    schemas = document["components"]["schemas"]
    info = document["info"]
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>",
        *(f"<p>{_text(paragraph)}</p>" for paragraph in info["description"].split("\n\n")),
        '<p>For machines: <a href="/openapi.json">openapi.json</a>.</p><ul>',
    ]
    for route in ROUTES:
        parts.append(f'<li><a href="#{route.operation}"><code>{route.label}</code></a> {escape(route.summary)}</li>')
    parts.append('<li><a href="#types">Types</a></li><li><a href="#codes">Error codes</a></li></ul>')
    for route in ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        parts.append(f'<h2 id="{route.operation}"><code>{route.label}</code></h2>')
        parts.append(f"<p>{_text(route.summary)}. {_text(route.text)}</p><pre>{escape(_curl(route))}</pre>")
        parts.extend(_parameters(operation))
        parts.extend(_body(operation))
        parts.extend(_responses(operation))
    parts.append('<h2 id="types">Types</h2>')
    for name, schema in schemas.items():
        parts.append(f'<h3 id="type-{name}">{name}</h3><p>{_text(schema.get("description", ""))}</p>')
        parts.extend(_fields(schema))
    parts.append('<h2 id="codes">Error codes</h2><table><tr><th>code<th>status<th>meaning</tr>')
    for code, row in document["x-error-codes"].items():
        parts.append(f'<tr id="{code}"><td><code>{code}</code><td>{row["status"]}<td>{escape(row["title"])}</tr>')
    parts.append("</table></main></body></html>\n")
    return "".join(parts)


def _text(text: str) -> str:
    """Plain text with `code` in backquotes."""
    pieces = escape(text, quote=False).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))


def _curl(route: Any) -> str:
    """A line to paste."""
    path = re.sub(r"\{([a-z_]+)\}", lambda slot: slot[1].upper(), route.path)
    with_body = route.body is not None or route.takes
    method = "" if route.method == "GET" or (with_body and route.method == "POST") else f"-X {route.method} "
    user = "-u USER:PASSWORD " if route.authenticated else ""
    if route.body is None and route.takes:
        kind = f"-H 'Content-Type: {route.takes[0]}' "
        return f"curl {method}{user}{kind}{route.example} https://HOST{path}"
    if route.body is not None:
        kind = "-H 'Content-Type: application/json' "
        return f"curl {method}{user}{kind}{route.example} https://HOST{path}"
    query = route.example.strip("'")
    address = f"'https://HOST{path}{query}'" if query else f"https://HOST{path}"
    return f"curl {method}{user}{address}"


def _parameters(operation: dict[str, Any]) -> list[str]:
    if not operation.get("parameters"):
        return []
    rows = ["<table><tr><th>parameter<th>in<th>type<th>meaning</tr>"]
    for one in operation["parameters"]:
        kind = _kind(one["schema"])
        rows.append(f"<tr><td><code>{one['name']}</code><td>{one['in']}<td>{kind}<td>{_text(one['description'])}</tr>")
    return [*rows, "</table>"]


def _body(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody")
    if body is None:
        return []
    kinds = [
        _kind(content["schema"]) if "$ref" in content["schema"] else f"<code>{escape(media)}</code>"
        for media, content in body["content"].items()
    ]
    return [f"<p>Body: {' or '.join(kinds)}</p>"]


def _responses(operation: dict[str, Any]) -> list[str]:
    rows = ["<table><tr><th>answer<th>type<th>meaning</tr>"]
    for status, response in operation["responses"].items():
        kind = " or ".join(
            _kind(content["schema"]) if content["schema"].get("type") is None else escape(media)
            for media, content in response.get("content", {}).items()
        )
        rows.append(f"<tr><td>{status}<td>{kind}<td>{_text(response['description'])}</tr>")
    return [*rows, "</table>"]


def _fields(schema: dict[str, Any]) -> list[str]:
    if not schema.get("properties"):
        return []
    required = schema.get("required", ())
    rows = ["<table><tr><th>field<th>type<th>meaning</tr>"]
    for name, field in schema["properties"].items():
        said = _text(field.get("description", ""))
        default = field.get("default")
        if name not in required:
            said += " Optional." if default is None else f" Default <code>{escape(json.dumps(default))}</code>."
        rows.append(f"<tr><td><code>{name}</code><td>{_kind(field)}<td>{said}</tr>")
    return [*rows, "</table>"]


def _kind(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#type-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    kind = str(schema.get("type", "any"))
    if kind == "array":
        most = f", at most {schema['maxItems']}" if "maxItems" in schema else ""
        return f"list of {_kind(schema['items'])}{most}"
    notes = []
    if "minimum" in schema:
        notes.append(f"{schema['minimum']} to {schema['maximum']}" if "maximum" in schema else f"≥ {schema['minimum']}")
    if "maxLength" in schema:
        notes.append(f"{schema.get('minLength', 0)} to {schema['maxLength']} characters")
    if "format" in schema:
        notes.append(schema["format"])
    return kind + (f" ({escape(', '.join(notes))})" if notes else "")

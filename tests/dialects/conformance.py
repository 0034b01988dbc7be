"""Conformance tables: what a case may say (docs/design/dialects.md has the format), read strictly, and filled in.

A key that is not known is an error, and so is a check that cannot fail. Each key is described at its field below.
`{name}` in a text stands for what a pattern named earlier (in this or an earlier case of the table), and for:

    {catcher}  where this case's callbacks may go: `callback.path` stands below it (but /ardary, which all share)
    {host}     the gateway's host and port; {url} is http:// with it
    {case}     six digits that no other case has: numbers and references of one's own ("306900{case}")
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import msgspec
import yaml

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BODIES = ("form", "json", "text", "hex", "xml", "repeat")
_BODY_CHECKS = ("body", "match", "json", "xml", "hex")
_NO_CHECKS = {"", ".*", ".+", "(?s).*", "[\\s\\S]*", "~.*", "..."}
_KINDS = {"form": "application/x-www-form-urlencoded", "json": "application/json", "xml": "text/xml; charset=utf-8"}

Pairs = dict[str, str | list[str]]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """Keys that are not declared are errors."""


class Request(_Strict):
    """What is sent. At most one of the bodies; `repeat`: [what, how often]."""

    path: str
    method: str = ""
    query: Pairs = {}
    raw_query: str = ""
    headers: dict[str, str] = {}
    basic: str = ""  #: user:password
    encoding: str = "utf-8"  #: of query, form, text and xml
    form: Pairs | None = None
    json: Any = msgspec.UNSET
    text: str | None = None
    hex: str | None = None
    xml: str | None = None
    repeat: tuple[str, int] | None = None
    times: int = 1  #: sent so often at once; the last answer counts


class Answer(_Strict):
    """What must come back. `body`, `match` (a pattern of the whole), `json`, `xml` or `hex`, and the rest."""

    status: int
    type: str | None = None
    body: str | None = None
    match: str | None = None
    json: Any = msgspec.UNSET
    xml: str | None = None
    hex: str | None = None
    headers: dict[str, str] = {}


class SentLine(_Strict, rename={"source": "from"}):
    """A message as the SMSC got it; what is left out is not looked at."""

    to: str
    source: str | None = None
    text: str | None = None
    coding: Literal["gsm", "ucs2", "latin1", "binary"] | None = None
    flash: bool | None = None
    parts: int | None = None
    udh: str | None = None
    data_coding: int | None = None
    registered: int | None = None
    validity: str | None = None
    via: Literal["net", "phone"] | None = None


class StateLine(_Strict, rename={"is_": "is"}):
    """The newest message to a number of this case, as the native API tells it; further members of it besides."""

    to: str
    is_: str
    tenant: str = ""
    fields: dict[str, Any] = {}


class Callback(_Strict):
    """A request that must come to the catcher: below {catcher} of this case, or at /ardary of the whole stand."""

    path: str
    method: Literal["GET", "POST"]
    query: Pairs | None = None
    form: Pairs | None = None
    json: Any = msgspec.UNSET
    match: str | None = None  #: pattern of the whole body
    headers: dict[str, str] = {}


class Step(_Strict, rename={"until": "await"}):
    """One request with what comes of it. `await`: asked again until the answer is as it should be."""

    request: Request
    answer: Answer
    at: Literal["main", "other"] = "main"
    until: bool = False
    sent: list[SentLine] = []
    nothing_sent: bool = False
    state: StateLine | list[StateLine] = []
    callback: Callback | list[Callback] = []


class Case(Step, kw_only=True):
    """A step with a name, and those that follow it."""

    name: str
    page: str = ""  #: the example of the provider's page that this is
    note: str = ""
    then: list[Step] = []

    @property
    def steps(self) -> list[Step]:
        """All of them."""
        return [self, *self.then]


class TableError(ValueError):
    """A table is not as it must be; the text says where and why."""


def read(path: Path) -> list[Case]:
    """The cases of a table. Raises TableError."""
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise TableError(f"{path.name}: {error}") from None
    cases = []
    names = set()
    for number, row in enumerate(rows, 1):
        where = f"{path.name}: case {number} ({row.get('name') if isinstance(row, Mapping) else '?'})"
        try:
            case = msgspec.convert(row, Case)
        except msgspec.ValidationError as error:
            raise TableError(f"{where}: {error}") from None
        for step in case.steps:
            fault = _fault(step)
            if fault:
                raise TableError(f"{where}: {fault}")
        if case.name in names:
            raise TableError(f"{where}: there are two cases of this name")
        names.add(case.name)
        cases.append(case)
    return cases


def given(struct: msgspec.Struct, names: tuple[str, ...]) -> list[str]:
    """Which of these fields say something."""
    return [name for name in names if getattr(struct, name) is not None and getattr(struct, name) is not msgspec.UNSET]


def _fault(step: Step) -> str:
    """What is wrong with a step, or ''."""
    request, answer = step.request, step.answer
    if len(given(request, _BODIES)) > 1:
        return f"a request has one body, not {', '.join(given(request, _BODIES))}"
    checks = given(answer, _BODY_CHECKS)
    if len(checks) != 1:
        return f"an answer is checked by exactly one of {', '.join(_BODY_CHECKS)}"
    for pattern in (answer.match, answer.json if isinstance(answer.json, str) else None):
        if pattern in _NO_CHECKS:
            return f"{pattern!r} fits everything: that is no check"
    if step.sent and step.nothing_sent:
        return "either something is sent or nothing"
    for line in step.sent:
        if line.source is None and line.text is None and line.coding is None:
            return "`sent` looks at nothing but the number"
    for callback in several(step.callback):
        if not given(callback, ("query", "form", "json", "match")):
            return "a callback is looked at by query, form, json or match"
        if callback.match in _NO_CHECKS or callback.json == "...":
            return "a callback's check fits everything"
        if not callback.path.startswith("/"):
            return "a callback's path begins with a slash"
    for name in ("match",):
        try:
            re.compile(PLACE.sub("", getattr(answer, name) or ""))
        except re.error as error:
            return f"{name}: {error}"
    if request.times < 1 or not request.path.startswith("/"):
        return "a path begins with a slash, and a request is sent once at least"
    return ""


def several(value: Any) -> list[Any]:
    """One or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def filled(value: Any, known: Mapping[str, str], *, pattern: bool = False) -> Any:
    """A value with `{name}` replaced in its texts, where the name is known; in patterns what is put in stands for
    itself."""
    if isinstance(value, str):

        def put(match: re.Match[str]) -> str:
            found = known.get(match[1])
            return match[0] if found is None else re.escape(found) if pattern or value.startswith("~") else found

        return PLACE.sub(put, value)
    if isinstance(value, list):
        return [filled(each, known, pattern=pattern) for each in value]
    if isinstance(value, dict):
        return {filled(name, known): filled(each, known, pattern=pattern) for name, each in value.items()}
    return value


def encoded(pairs: Pairs, encoding: str) -> str:
    """Names and values, percent-encoded; a list of values is a repeated name."""
    return "&".join(
        f"{quote(name, safe='', encoding=encoding)}={quote(value, safe='', encoding=encoding)}"
        for name, values in pairs.items()
        for value in several(values)
    )


def octets(request: Request, host: str, known: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Head and body of a request, ready to be sent."""
    body, kind = _body(request, known)
    method = request.method or ("GET" if body is None else "POST")
    queries = [filled(request.raw_query, known), encoded(filled(request.query, known), request.encoding)]
    query = "&".join(filter(None, queries))
    target = filled(request.path, known)
    if query:
        target += ("&" if "?" in target else "?") + query
    headers = {"Host": host, "Connection": "close"}
    if kind:
        headers["Content-Type"] = kind
    if body is not None:
        headers["Content-Length"] = str(len(body))
    if request.basic:
        headers["Authorization"] = "Basic " + base64.b64encode(filled(request.basic, known).encode()).decode()
    for name, value in filled(request.headers, known).items():
        headers = {key: kept for key, kept in headers.items() if key.lower() != name.lower()} | {name: value}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1"), body or b""


def _body(request: Request, known: Mapping[str, str]) -> tuple[bytes | None, str]:
    encoding = request.encoding
    if request.form is not None:
        return encoded(filled(request.form, known), encoding).encode(), _KINDS["form"]
    if request.json is not msgspec.UNSET:
        return msgspec.json.encode(filled(request.json, known)), _KINDS["json"]
    if request.text is not None:
        return filled(request.text, known).encode(encoding), ""
    if request.xml is not None:
        return filled(request.xml, known).encode(encoding), _KINDS["xml"].replace("utf-8", encoding)
    if request.hex is not None:
        return bytes.fromhex(request.hex), ""
    if request.repeat is not None:
        return (request.repeat[0] * request.repeat[1]).encode(), ""
    return None, ""


def differs(expected: Any, got: Any, known: dict[str, str], where: str = "") -> str:
    """How JSON differs from what it should be, or ''. `~pattern` fits a whole text (or the text of a number) and its
    groups are kept in `known`; `...` fits anything."""
    if expected == "...":
        return ""
    if isinstance(expected, str) and expected.startswith("~"):
        text = got if isinstance(got, str) else msgspec.json.encode(got).decode()
        match = re.fullmatch(expected[1:], text, re.DOTALL)
        if match is None:
            return f"{where or 'it'} is {text!r}, not like {expected[1:]!r}"
        known.update({name: value for name, value in match.groupdict().items() if value is not None})
        return ""
    if isinstance(expected, dict) and isinstance(got, dict):
        if expected.keys() != got.keys():
            return f"{where or 'it'} has the members {sorted(got)}, not {sorted(expected)}"
        found = (differs(expected[name], got[name], known, f"{where}.{name}") for name in expected)
        return next(filter(None, found), "")
    if isinstance(expected, list) and isinstance(got, list):
        if len(expected) != len(got):
            return f"{where or 'it'} has {len(got)} entries, not {len(expected)}: {got!r}"
        found = (differs(*each, known, f"{where}[{n}]") for n, each in enumerate(zip(expected, got, strict=True)))
        return next(filter(None, found), "")
    same = type(expected) is type(got) and expected == got
    return "" if same else f"{where or 'it'} is {got!r}, not {expected!r}"

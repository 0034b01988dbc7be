"""The small parts that options are made of: checked texts, where to look for something, conditions."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, model_validator

from smsgwd.providers import Options, option
from smsgwd_generic_http.paths import checked_jsonpath, checked_regex
from smsgwd_generic_http.templates import Template

_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_ASCII: Final = "".join(map(chr, range(128)))
_STATUS: Final = re.compile(r"([1-5])xx|([1-5][0-9][0-9])(?:-([1-5][0-9][0-9]))?")


class Part(Options):
    """A section of the options."""

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        """Lists are as good as tuples: options that travelled to another process have them."""
        if not isinstance(data, Mapping):
            return data
        return {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}


def _as_text(value: Any) -> Any:
    """A number that stands where text is wanted is text: `equals: 0`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_tuple(value: Any) -> Any:
    return value if isinstance(value, tuple | list) else (value,)


def _tuple_of_texts(value: Any) -> Any:
    return tuple(_as_text(each) for each in _as_tuple(value))


def _regex(value: str) -> str:
    checked_regex(value)
    return value


def _jsonpath(value: str) -> str:
    checked_jsonpath(value)
    return value


def _xpath(value: str) -> str:
    from smsgwd_generic_http.xml import checked_xpath  # lxml only where it is needed

    checked_xpath(value)
    return value


def _template(value: str) -> str:
    Template(value)
    return value


def _header_name(value: str) -> str:
    if _HEADER.fullmatch(value) is None:
        raise ValueError("is no name of a header")
    return value


def _charset(value: str) -> str:
    try:
        codecs.lookup(value)
        if _ASCII.encode(value) != _ASCII.encode("ascii"):
            raise LookupError
    except (LookupError, UnicodeError):
        raise ValueError("is no charset that ASCII is part of") from None
    return value


def _statuses(value: tuple[str, ...]) -> tuple[str, ...]:
    for each in value:
        status_range(each)
    return value


def status_range(text: str) -> tuple[int, int]:
    """`404`, `500-599` or `4xx` as the first and last status. Raises ValueError for anything else."""
    found = _STATUS.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' is no HTTP status, range (400-499) or class (4xx)")
    if found[1]:
        return int(found[1]) * 100, int(found[1]) * 100 + 99
    first, last = int(found[2]), int(found[3] or found[2])
    if last < first:
        raise ValueError(f"'{text}' ends before it begins")
    return first, last


Regex = Annotated[str, AfterValidator(_regex)]
JsonPath = Annotated[str, AfterValidator(_jsonpath)]
XPath = Annotated[str, AfterValidator(_xpath)]
Text = Annotated[str, BeforeValidator(_as_text)]
TemplateText = Annotated[str, BeforeValidator(_as_text), AfterValidator(_template)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
Charset = Annotated[str, AfterValidator(_charset)]
Statuses = Annotated[tuple[str, ...], BeforeValidator(_tuple_of_texts), AfterValidator(_statuses)]
AnyOf = Annotated[tuple[str, ...], BeforeValidator(_tuple_of_texts)]


class Where(Part):
    """Where something stands: one of `json`, `xpath`, `header`, `field`; with `regex` beside it, the part of it that
    the pattern's first group finds. `regex` alone looks into the body."""

    json_path: JsonPath | None = option("A JSONPath into the body.", default=None, alias="json", example="$.id")
    xpath: XPath | None = option("An XPath into the body.", default=None, example="//id")
    header: HeaderName | None = option("Name of a header.", default=None, example="X-Message-Id")
    field: str | None = option("Of a callback: name of a field of its query or form.", default=None, min_length=1)
    regex: Regex | None = option("A pattern (RE2): its first group, or all that it matches.", default=None)

    @model_validator(mode="after")
    def _one_place(self) -> Where:
        given = [key for key in ("json", "xpath", "header", "field") if self._place(key) is not None]
        if len(given) > 1:
            raise ValueError(f"'{given[0]}' and '{given[1]}' exclude each other")
        if not given and self.regex is None and not self.may_be_empty:
            raise ValueError("one of 'json', 'xpath', 'header', 'field' and 'regex' must say where it stands")
        return self

    def _place(self, key: str) -> str | None:
        value: str | None = getattr(self, "json_path" if key == "json" else key)
        return value

    @property
    def says_where(self) -> bool:
        """Whether a place is given at all."""
        return self.regex is not None or any(
            self._place(key) is not None for key in ("json", "xpath", "header", "field")
        )

    @property
    def may_be_empty(self) -> bool:
        """Whether no place need be given."""
        return False


class Condition(Where):
    """Holds where all that is given holds: the status, and what stands somewhere."""

    status: Statuses = option("HTTP statuses: 404, 500-599, 4xx, or a list.", default=(), example="2xx")
    equals: AnyOf = option("What stands there is this, or one of these.", default=())
    matches: Regex | None = option("A pattern (RE2) is found in what stands there.", default=None)
    present: bool | None = option("Something stands there, or (false) nothing does.", default=None)

    @model_validator(mode="after")
    def _about_something(self) -> Condition:
        if not self.says_where and (self.equals or self.matches is not None or self.present is not None):
            raise ValueError("'equals', 'matches' and 'present' need a place: 'json', 'xpath', 'header', ...")
        return self

    @property
    def may_be_empty(self) -> bool:
        """A status alone, or nothing at all, is a condition too."""
        return True


class Each(Part):
    """Where the entries of an answer or callback stand that holds several."""

    json_path: JsonPath | None = option("A JSONPath that finds each entry.", default=None, alias="json")
    xpath: XPath | None = option("An XPath that finds each entry.", default=None)

    @model_validator(mode="after")
    def _one_place(self) -> Each:
        if (self.json_path is None) == (self.xpath is None):
            raise ValueError("one of 'json' and 'xpath' must say where the entries stand")
        return self

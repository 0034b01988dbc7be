"""Strict YAML: text in, plain data out, and the line of every value kept.

Promises: only `true`, `false`, `null` (also `~` and nothing) and decimal numbers are typed; `0123`, `no`, `on`,
`12:30:00`, `1_000` and `+306912345678` stay text. Duplicate keys, tags, several documents and merge keys are refused;
nesting, size and alias expansion are bounded, so that a hostile file costs no more than its own length.
Numbers remember how they were written (`Whole.text`, `Fraction.text`), so a password `1234` or a price `0.0400`
loses nothing. It is built on the event stream of libyaml and not on its constructors: an event carries its mark,
and nothing is made from a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from smsgwd.config.errors import ConfigError, key_text

MAX_BYTES = 4 * 1024 * 1024
"""Largest configuration file read, in bytes."""
MAX_DEPTH = 32
MAX_VALUES = 200_000
"""Most values of one file, aliases expanded."""

_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}\Z")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STR_TAG = "tag:yaml.org,2002:str"

Path = tuple[str | int, ...]


class Whole(int):
    """A whole number that remembers how it was written."""

    text: str


class Fraction(float):
    """A decimal number that remembers how it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class _Node:
    """One parsed value and its 1-based line; a mapping's content is (key, line of the key, node) triples."""

    content: Any
    line: int


@dataclass(slots=True)
class Document:
    """A parsed file: `data` (dict, tuple, str, Whole, Fraction, bool, None), the line of each path, the mistakes."""

    file: str
    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    errors: list[ConfigError] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def error(self, path: Path, message: str, line: int | None = None) -> None:
        """Note a mistake at `path`."""
        self.errors.append(ConfigError(self.file, line or self.line(path), key_text(path), message))


class _RefusedError(Exception):
    """The text cannot be read any further."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def type_scalar(text: str) -> Any:
    """Value of an unquoted scalar: bool, None, `Whole`, `Fraction` or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        whole = Whole(text)
        whole.text = text
        return whole
    if _FRACTION.match(text):
        fraction = Fraction(text)
        fraction.text = text
        return fraction
    return text


def parse(raw: bytes, file: str) -> Document:
    """Parse one file. Mistakes are in `Document.errors`; after a syntax error `data` is None."""
    document = Document(file)
    try:
        root = _Builder(_decode(raw)).build()
        document.data = _expand(document, root, (), [0])
    except _RefusedError as refused:
        document.data = None
        document.errors.append(ConfigError(file, refused.line, "", refused.message))
    return document


def _decode(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise _RefusedError(1, f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _RefusedError(line, "not valid UTF-8 text") from None


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


class _Builder:
    """Builds nodes from parser events."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._anchors: dict[str, _Node | None] = {}

    def build(self) -> _Node:
        """The root node of the only document. Raises _RefusedError."""
        try:
            return self._document(yaml.parse(self._text, Loader=_LOADER))
        except yaml.reader.ReaderError as error:
            line = self._text.count("\n", 0, error.position) + 1
            raise _RefusedError(line, "a control character is not allowed in YAML") from None
        except yaml.MarkedYAMLError as error:
            line, opened = (
                mark.line + 1 if mark is not None else 1 for mark in (error.problem_mark, error.context_mark)
            )
            line = min(line, self._text.rstrip().count("\n") + 1)
            what = ": ".join(part for part in (error.context, error.problem) if part)
            what += f" (it starts on line {opened})" if error.context and opened != line else ""
            raise _RefusedError(line, f"YAML syntax: {what}") from None

    def _document(self, events: Iterator[Any]) -> _Node:
        root: _Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _RefusedError(_line(event), "only one YAML document a file ('---' starts another)")
                root = self._value(next(events), events, 1)
        if root is None:
            raise _RefusedError(1, "the file is empty")
        return root

    def _value(self, event: Any, events: Iterator[Any], depth: int) -> _Node:
        line = _line(event)
        if depth > MAX_DEPTH:
            raise _RefusedError(line, f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(event, yaml.AliasEvent):
            node = self._anchors.get(str(event.anchor))
            if node is None:
                raise _RefusedError(line, f"alias '*{event.anchor}' refers to itself or to nothing above it")
            return node
        if event.tag is not None and event.tag not in (_STR_TAG, "!"):
            raise _RefusedError(line, f"tags are not supported ({event.tag[:60]})")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node = _Node(self._content(event, events, depth), line)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _content(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.ScalarEvent):
            return type_scalar(event.value) if event.implicit[0] else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[_Node] = []
            while not isinstance(inner := next(events), yaml.SequenceEndEvent):
                items.append(self._value(inner, events, depth + 1))
            return items
        pairs: list[tuple[str, int, _Node]] = []
        while not isinstance(inner := next(events), yaml.MappingEndEvent):
            line = _line(inner)
            if not isinstance(inner, yaml.ScalarEvent):
                raise _RefusedError(line, "a key must be plain text")
            if inner.value == "<<":
                raise _RefusedError(line, "merge keys ('<<') are not supported")
            pairs.append((inner.value, line, self._value(next(events), events, depth + 1)))
        return _Pairs(pairs)


class _Pairs(list[tuple[str, int, _Node]]):
    """Content of a mapping node, told apart from a sequence's list."""


def _expand(document: Document, node: _Node, path: Path, count: list[int]) -> Any:
    """Plain data of a node, filling `document.lines`; each use of an alias counts in full."""
    count[0] += 1
    if count[0] > MAX_VALUES:
        raise _RefusedError(node.line, f"more than {MAX_VALUES} values once aliases are expanded")
    document.lines.setdefault(path, node.line)
    content = node.content
    if isinstance(content, _Pairs):
        data: dict[str, Any] = {}
        for key, line, value in content:
            inner = (*path, key)
            if key in data:
                document.error(inner, f"key '{key}' is given twice (first on line {document.lines[inner]})", line)
                continue
            document.lines[inner] = line
            data[key] = _expand(document, value, inner, count)
        return data
    if isinstance(content, list):
        return tuple(_expand(document, value, (*path, index), count) for index, value in enumerate(content))
    return content

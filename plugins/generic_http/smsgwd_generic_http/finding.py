"""The options `Where`, `Condition` and `Each`, compiled: they look into documents."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smsgwd_generic_http.parts import Condition, Each, Where, status_range
from smsgwd_generic_http.paths import Document, Path, checked_regex


class Finder:
    """Finds one text."""

    __slots__ = ("_path", "_regex", "_where")

    def __init__(self, where: Where) -> None:
        self._where = where
        self._path = (
            Path(json=where.json_path or "", xpath=where.xpath or "") if where.json_path or where.xpath else None
        )
        self._regex: Any = None if where.regex is None else checked_regex(where.regex)

    def find(self, document: Document) -> str:
        """What stands there, without spaces around it; '' where nothing does."""
        where = self._where
        if self._path is not None:
            found = next(self._path.texts(document), "")
        elif where.header is not None:
            found = document.headers.get(where.header.lower(), "")
        elif where.field is not None:
            found = document.fields.get(where.field, "")
        else:
            found = document.text
        if self._regex is not None:
            match = self._regex.search(found)
            found = "" if match is None else (match[1] if match.re.groups else match[0]) or ""
        return found.strip()

    def is_there(self, document: Document) -> bool:
        """Whether anything stands there."""
        if self._path is not None and self._regex is None:
            return self._path.is_there(document)
        return bool(self.find(document))


def finder(where: Where | None) -> Finder | None:
    """None for nothing."""
    return None if where is None else Finder(where)


def found(by: Finder | None, document: Document) -> str:
    """'' where there is nothing to find by."""
    return "" if by is None else by.find(document)


class Test:
    """A condition."""

    __slots__ = ("_equals", "_finder", "_matches", "_present", "_statuses")
    __test__ = False  # no class of tests, whatever its name

    def __init__(self, condition: Condition) -> None:
        self._statuses = tuple(map(status_range, condition.status))
        self._finder = Finder(condition) if condition.says_where else None
        self._equals = frozenset(condition.equals)
        self._matches: Any = None if condition.matches is None else checked_regex(condition.matches)
        self._present = condition.present

    def holds(self, document: Document) -> bool:
        """Whether all of it does."""
        if self._statuses and not any(first <= document.status <= last for first, last in self._statuses):
            return False
        if self._finder is None:
            return True
        wanted = self._present
        if wanted is None and not self._equals and self._matches is None:
            wanted = True
        if wanted is not None and self._finder.is_there(document) != wanted:
            return False
        text = self._finder.find(document)
        if self._equals and text not in self._equals:
            return False
        return self._matches is None or self._matches.search(text) is not None

    def finds(self, texts: Iterable[str]) -> bool:
        """Whether its pattern is in one of these, so that it tells nothing to find it in an answer that may quote."""
        return self._matches is not None and any(self._matches.search(text) is not None for text in texts)


class Entries:
    """The entries of a document."""

    __slots__ = ("_path",)

    def __init__(self, each: Each | None) -> None:
        self._path = None if each is None else Path(json=each.json_path or "", xpath=each.xpath or "")

    @property
    def are_several(self) -> bool:
        """Whether a document may have several, or is one itself."""
        return self._path is not None

    def of(self, document: Document) -> list[Document]:
        """In their order."""
        return [document] if self._path is None else self._path.entries(document)

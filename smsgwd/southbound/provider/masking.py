"""Secrets of a plugin's options, made unreadable wherever they turn up: exchanges shown to operators, logs, faults."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

from pydantic import BaseModel, SecretBytes, SecretStr

MASK: Final = "***"
_SHORT: Final = 4  # what is shorter is in every other word, so it is masked where it stands alone as a value
_BEFORE, _BEHIND = r"""(?:(?<=[=:"'>])|\A)""", r"""(?=[&"'<,;}\s]|\Z)"""
#: The token in an address of ours that a provider calls back (`app.callback_urls`), however its slashes are written.
_CALLBACK: Final = re.compile(
    r"(callback(?:\\?/|%2f)[a-z0-9_.-]{1,64}(?:\\?/|%2f))[a-z0-9_-]{24}(?![a-z0-9_-])", re.ASCII | re.IGNORECASE
)
_NAMES: Final = re.compile(r"auth|cookie|token|secret|key|password|signature", re.IGNORECASE)
_SCHEME: Final = re.compile(r"(?:Basic|Bearer|Token|Digest)\s+", re.IGNORECASE)


class Masking:
    """Knows some secrets; `text` returns texts without them, in whatever way of writing."""

    def __init__(self, secrets: Iterable[str] = (), beside: Iterable[str] = ()) -> None:
        """`beside`: what may stand before a secret in HTTP Basic credentials (user names)."""
        self._secrets = frozenset(filter(None, secrets))
        self._beside = frozenset(beside)
        forms = {form for secret in self._secrets for form in _forms(secret)}
        exact = {form for secret in self._secrets for form in _base64(secret, self._beside)}
        # One secret may be the beginning of another: the longest first. %2f is %2F, but base64 is as it is.
        patterns = [_pattern(each) for each in sorted(forms, key=len, reverse=True)]
        patterns[:0] = [f"(?-i:{_pattern(each)})" for each in sorted(exact, key=len, reverse=True)]
        self._any = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def text(self, text: str) -> str:
        """`text` with `***` for each secret, and for the tokens of our callback addresses."""
        if self._any is not None:
            text = self._any.sub(MASK, text)
        return _CALLBACK.sub(rf"\1{MASK}", text)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        """Headers without secrets; those that are secrets by their name lose their whole value."""
        return {name: MASK if is_secret(name) else self.text(value) for name, value in headers.items()}

    def with_also(self, secrets: Iterable[str]) -> Masking:
        """The same with further secrets, such as tokens that a provider has given."""
        added = {each for each in secrets if len(each) >= _SHORT} - self._secrets
        return Masking(self._secrets | added, self._beside) if added else self


def is_secret(header: str) -> bool:
    """Whether a header is one by which somebody shows who they are."""
    return _NAMES.search(header) is not None


def tokens_of(headers: Mapping[str, str]) -> list[str]:
    """What stands in headers of that kind, without the name of its scheme."""
    return [_SCHEME.sub("", value, count=1) for name, value in headers.items() if is_secret(name)]


def masking_of(options: BaseModel) -> Masking:
    """Of all the options that are declared as secrets, at any depth."""
    found = list(_values(options))
    return Masking((value for value, hidden in found if hidden), (value for value, hidden in found if not hidden))


def _values(value: Any) -> Iterator[tuple[str, bool]]:
    """All strings in some options, and whether each is a secret."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value(), True
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("latin-1"), True
    elif isinstance(value, str):
        yield value, False
    elif isinstance(value, BaseModel):
        for each in value.__dict__.values():
            yield from _values(each)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _values(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _values(each)


def _pattern(form: str) -> str:
    return re.escape(form) if len(form) >= _SHORT else f"{_BEFORE}{re.escape(form)}{_BEHIND}"


def _forms(secret: str) -> Iterator[str]:
    """A secret in the ways in which it can stand in a URL, a header or a body."""
    yield secret
    for written in (quote, quote_plus):
        for safe in ("", "/", "/:@!$'()*,;-._~"):
            yield written(secret, safe=safe, errors="replace")
    for ascii_only in (True, False):
        inside = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield inside
        yield inside.replace("/", "\\/")
    for entity in (("&", "&amp;"),), (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        escaped = secret
        for character, name in entity:
            escaped = escaped.replace(character, name)
        yield escaped


def _base64(secret: str, beside: Iterable[str]) -> Iterator[str]:
    """A secret in base64, alone or in HTTP Basic credentials."""
    for whole in (secret, *(f"{user}:{secret}" for user in beside), *(f"{secret}:{user}" for user in beside)):
        octets = whole.encode("utf-8", "replace")
        for base64 in (b64encode, urlsafe_b64encode):
            # Without the padding, which not all write; what of the end depends on what follows stays out.
            yield base64(octets).decode("ascii").rstrip("=")

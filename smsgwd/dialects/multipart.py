"""Forms in parts (multipart/form-data, RFC 7578), as PHP's curl sends them for an array; files are fields, too."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.dialects.form import MOST_FIELDS, Fields, FormError

TYPE: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(r';\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))', re.IGNORECASE)
_NAME: Final = re.compile(rb'\ncontent-disposition:[ \t]*form-data;[^\r\n]*?\bname="([^"\r\n]*)"', re.IGNORECASE)


def is_multipart(content_type: str) -> bool:
    """True where a body says that it is a form in parts."""
    return content_type.partition(";")[0].strip().lower() == TYPE


def parse(content_type: str, body: bytes) -> Fields:
    """The fields of such a body. Raises FormError; names that are not UTF-8 are nobody's and left out."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise FormError("the form in parts names no boundary")
    try:
        boundary = b"--" + (found[1] or found[2]).encode("latin-1")
    except UnicodeEncodeError:
        raise FormError("the boundary of the form is no text of headers") from None
    if body.count(boundary) > MOST_FIELDS + 1:
        raise FormError(f"there are more than {MOST_FIELDS} fields")
    _, *parts = (b"\r\n" + body).split(b"\r\n" + boundary)
    if not parts or not parts[-1].startswith(b"--"):
        raise FormError("the form in parts has no end")
    values: dict[str, list[bytes]] = {}
    for part in parts[:-1]:
        head, end, value = part.lstrip(b" \t").partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not end or not head.startswith(b"\r\n") or name is None:
            raise FormError("a part of the form has no name")
        try:
            key = name[1].decode()
        except UnicodeDecodeError:
            continue
        values.setdefault(key, []).append(value)
    return Fields(values)

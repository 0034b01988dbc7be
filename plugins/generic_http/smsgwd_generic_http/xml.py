"""XML of strangers, and XPath into it. Imported only where the configuration has an XPath: lxml takes megabytes.

No document type and so no entities, no network, libxml2's own limits. Namespaces are taken off: `//id` finds `<a:id>`.
"""

from __future__ import annotations

import math
from typing import Any, Final

from lxml import etree

_LARGEST: Final = 2_000_000


def checked_xpath(path: str) -> Any:
    """The compiled path. Raises ValueError for one that is none."""
    try:
        return etree.XPath(path)
    except etree.XPathError as error:
        raise ValueError(f"is no XPath: {error}") from None


def parsed_xml(body: bytes) -> Any:
    """The root element; None for what is no XML, has a document type, or is very large."""
    if not body or len(body) > _LARGEST:
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None or root.getroottree().docinfo.doctype:
        return None
    for element in root.iter(etree.Element):
        if isinstance(element.tag, str):
            element.tag = etree.QName(element).localname
    return root


def found_by(path: Any, node: Any) -> list[Any]:
    """Nodes, texts or numbers that a compiled path finds."""
    try:
        found = path(node)
    except etree.XPathError:
        return []
    return found if isinstance(found, list) else [found]


def text_of(found: Any) -> str:
    """What a node, attribute, or result of an XPath function says."""
    if isinstance(found, etree._Element):
        return "".join(found.itertext()).strip()
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, float):
        return "" if math.isnan(found) else f"{found:.12g}"
    return str(found).strip()

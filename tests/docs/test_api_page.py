"""docs/api.md names what a request may hold: fields that it does not name are refused, it says."""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_table_of_fields_is_whole() -> None:
    page = (DOCS / "api.md").read_text("utf-8")
    table = page.partition("| field | meaning |\n")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    request = json.loads((DOCS / "openapi.json").read_text("utf-8"))["components"]["schemas"]["SendRequest"]
    assert named == set(request["properties"])

"""Write etc/monitoring/dashboard.json (Grafana) from `dashboard_panels.py`; `--check` only compares it.

To change a panel, edit it there. Every metric and label is compared with the catalogue by tests/monitoring.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from _generated import write_or_check
from dashboard_panels import ROWS
from dashboard_parts import Panel

TARGET = Path(__file__).resolve().parent.parent / "etc" / "monitoring" / "dashboard.json"
_WIDTH = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def _selected(expression: str) -> str:
    """The expression with `N` and `C` written out."""
    for short, whole in (("{N,C", '{instance=~"$node",connector=~"$connector"'), ("{N", '{instance=~"$node"')):
        expression = expression.replace(short, whole)
    return expression


def _panel(panel: Panel, number: int, x: int, y: int) -> dict[str, Any]:
    stacking = {"mode": "normal" if panel.stack else "none", "group": "A"}
    options: dict[str, Any] = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True}}
    custom: dict[str, Any] = {"stacking": stacking, "fillOpacity": 30 if panel.stack else 5, "lineWidth": 1}
    if panel.kind == "stat":
        options = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "graphMode": "area"}
        custom = {}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom, "min": 0}, "overrides": []},
        "options": options,
        "targets": [
            {"refId": chr(ord("A") + at), "datasource": _SOURCE, "expr": _selected(expression), "legendFormat": legend}
            for at, (expression, legend) in enumerate(panel.targets)
        ],
    }


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS:
        row = {"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "panels": []}
        made.append({**row, "gridPos": {"x": 0, "y": y, "w": _WIDTH, "h": 1}})
        y += 1
        x = height = 0
        for panel in panels:
            if x + panel.width > _WIDTH:
                x, y, height = 0, y + height, 0
            made.append(_panel(panel, len(made) + 1, x, y))
            x, height = x + panel.width, max(height, panel.height)
        y += height
    return made


def _choice(name: str, label: str, query: str) -> dict[str, Any]:
    """A variable with several values."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    return {
        "uid": "smsgwd",
        "title": "smsgwd",
        "description": "An SMS gateway: messages, carriers, tenants, and what it is made of.",
        "tags": ["smsgwd"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {"name": "datasource", "label": "Source", "type": "datasource", "query": "prometheus", "refresh": 1},
                _choice("node", "Node", "label_values(smsgwd_build_info, instance)"),
                _choice("connector", "Connector", 'label_values(smsgwd_connector_up{instance=~"$node"}, connector)'),
            ]
        },
        "panels": _panels(),
    }


def main() -> int:
    """Write the file, or with `--check` compare it. Exit code 1 on a difference."""
    text = json.dumps(dashboard(), indent=1) + "\n"
    return write_or_check(TARGET, text)


if __name__ == "__main__":
    sys.exit(main())

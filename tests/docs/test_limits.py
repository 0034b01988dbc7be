"""The page about limits: each default and bound that it names is the one of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from smsgwd.app.callback_desk import ALL_IN_HAND, IN_HAND, LARGEST
from smsgwd.app.pipeline import _MAX_PENDING
from smsgwd.config.model.listeners import HttpListener, SmppListener
from smsgwd.config.model.operations import Cdr
from smsgwd.config.model.runtime import Admin, Auth, Limits
from smsgwd.ops.admin import _MOST_BODY
from smsgwd.ops.taps import MOST as MOST_TAPS
from smsgwd.telemetry.families import OTHER
from smsgwd.telemetry.watch import MOST as MOST_WATCHES

DOCS = Path(__file__).resolve().parents[2] / "docs"
_HERE: Any = "127.0.0.1:1"
_DEFAULTS: dict[str, Any] = {
    "limits": Limits(),
    "auth": Auth(),
    "admin": Admin(),
    "cdr": Cdr(),
    "listeners.http": HttpListener(listen=_HERE),
    "listeners.smpp": SmppListener(listen=_HERE),
}


def _of(option: str) -> float:
    section, _, name = option.rpartition(".")
    return float(getattr(_DEFAULTS[section], name))


def _row(begin: str) -> tuple[str, str]:
    """Its default, and its last cell."""
    for line in (DOCS / "limits.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 1 and cells[0].startswith(begin):
            return cells[1], cells[-1]
    raise AssertionError(f"the page has no row {begin!r}")


@pytest.mark.parametrize(
    ("begin", "option", "unit"),
    [
        ("parts of a message", "limits.max_parts", 1),
        ("recipients of a request", "limits.max_recipients", 1),
        ("messages of a batch", "limits.max_batch", 1),
        ("members of a group", "limits.max_group", 1),
        ("how far ahead", "limits.max_schedule_d", 1),
        ("wait for a receipt", "limits.receipt_wait_h", 1),
        ("repeated requests", "limits.idempotency_h", 1),
        ("body of a request", "listeners.http.max_body", 1024 * 1024),
        ("head of a request", "listeners.http.max_headers", 1024),
        ("size of a PDU", "listeners.smpp.max_pdu", 1024),
        ("deliver_sm without an answer", "listeners.smpp.window", 1),
        ("requests of one bind", "listeners.smpp.inbound_window", 1),
    ],
)
def test_a_default_is_that_of_the_option(begin: str, option: str, unit: int) -> None:
    """The first number of the cell, in its unit."""
    said, named = _row(begin)
    assert f"`{option}`" in named
    assert int(re.findall(r"[\d,]+", said)[0].replace(",", "")) * unit == _of(option)


def test_rows_of_several_numbers() -> None:
    """Each number in its place."""
    hours, days = re.findall(r"\d+", _row("validity")[0])
    assert int(hours) * 3600 == _of("limits.default_validity_s")
    assert int(days) * 86_400 == _of("limits.max_validity_s")
    times = [float(each) for each in re.findall(r"\d+", _row("time for a head")[0])]
    assert times == [_of(f"listeners.http.{name}_timeout_s") for name in ("header", "body", "idle")]
    assert _row("connections of a listener")[0].startswith(f"{int(_of('listeners.http.max_connections')):,};")
    assert _of("listeners.http.max_connections") == _of("listeners.smpp.max_connections")
    logins = [float(each) for each in re.findall(r"\d+", _row("failed logins")[0])]
    assert logins == [_of("auth.max_failures"), _of("auth.max_failures_address")]
    assert _of("auth.window_s") == 60
    assert _row("audit entries")[0] == f"kept for `admin.audit_d` ({_of('admin.audit_d'):.0f} days)"


def test_bounds_that_are_no_options() -> None:
    """Constants of the code."""
    assert _row("messages waiting for their commit")[0].startswith(f"{_MAX_PENDING:,},")
    assert _row("a body on the admin socket")[0] == f"{_MOST_BODY // 1024 // 1024} MiB"
    assert _row("body of a provider's callback")[0] == f"{LARGEST // 1024 // 1024} MiB"
    assert _row("callbacks without our answer")[0] == f"{IN_HAND}; {ALL_IN_HAND}"
    assert _row("PDU taps at once")[0].startswith(f"{MOST_TAPS};")
    assert _row("series of a metric")[0].endswith(f"as `{OTHER}`")
    assert _row("watches (`log debug`) at once")[0].startswith(f"{MOST_WATCHES},")


def test_every_option_that_the_page_names_is_there() -> None:
    """None was renamed."""
    named = set(re.findall(r"`((?:limits|auth|admin|listeners\.\w+)\.\w+)`", (DOCS / "limits.md").read_text("utf-8")))
    assert len(named) >= 13
    for option in named:
        _of(option)


def test_defaults_that_other_pages_name() -> None:
    """Security and the audit."""
    security = (DOCS / "security.md").read_text("utf-8")
    assert f"(`admin.mode`, 0{_DEFAULTS['admin'].mode:o}: its group)" in security
    assert _DEFAULTS["admin"].roles.others == "read" and "`admin.roles.others`, which is\n`read`" in security
    assert _of("cdr.show_numbers") == 1 and "numbers in full unless `cdr.show_numbers` says otherwise" in security

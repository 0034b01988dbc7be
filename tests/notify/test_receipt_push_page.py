"""The page tenants read: its Python sample verifies what we send, and its figures are the defaults."""

import re
import time
from pathlib import Path

from smsgwd.config.model.runtime import Notify
from smsgwd.notify.payload import MAX_BATCH
from smsgwd.notify.signing import batch_id_of, header_lines, keys_of
from smsgwd.notify.target import ALONE_FROM, COMPANY_S
from tests.notify.fakes import SECRET, headers_of, parsed

PAGE = (Path(__file__).parents[2] / "docs" / "receipt-push.md").read_text(encoding="utf-8")
OTHER = "whsec_b3RoZXI="


def sample():
    names = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], names)
    return names["verify"]


def test_the_sample_verifies_our_signatures_and_refuses_others():
    verify, body, now = sample(), b'{"id":"1"}', int(time.time())
    headers = headers_of(7, now, body, keys_of((SECRET,)))
    assert verify(SECRET, headers, body)
    assert not verify(SECRET, headers, body + b" ")
    assert not verify(OTHER, headers, body)
    assert not verify(SECRET, {**headers, "webhook-id": "msg_8"}, body)
    assert not verify(SECRET, headers_of(7, now - 400, body, keys_of((SECRET,))), body)


def test_while_a_secret_is_changed_both_fit():
    headers = headers_of(7, int(time.time()), b"x", keys_of((OTHER, SECRET)))
    assert sample()(SECRET, headers, b"x")
    assert sample()(OTHER, headers, b"x")


def test_the_figures_are_the_defaults():
    settings = Notify()
    assert settings.retry_s == (5, 30, 120, 600, 1800, 3600, 7200)
    assert "5 s, 30 s, 2 min, 10 min, 30 min, 1 h and then every 2 h" in PAGE
    assert f"for {settings.max_age_h:g} hours" in PAGE
    assert f"within {settings.timeout_s:g} seconds" in PAGE


def test_the_sample_verifies_a_list_too_and_its_figures_are_ours():
    body, name = b'{"type":"batch","receipts":[]}', batch_id_of(5183204876288, 2)
    headers = parsed(header_lines(name, int(time.time()), body, keys_of((SECRET,))))
    assert sample()(SECRET, headers, body)
    assert f"webhook-id: {name}" in PAGE
    assert (ALONE_FROM, COMPANY_S, MAX_BATCH) == (2, 0.1, 256 * 1024)
    for words in ("failed twice", "a tenth of a second", "256 KiB"):
        assert words in PAGE

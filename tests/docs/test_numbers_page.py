"""The worked examples of docs/numbers.md are what the gateway does."""

from __future__ import annotations

from pathlib import Path

import pytest

from smsgwd.admission.admit import Policy, account_of, admit
from smsgwd.admission.numbers import msisdn
from smsgwd.app.bootstrap import stored_tenant
from smsgwd.app.secrets import Vault
from smsgwd.config.load import load_tenants
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from tests.docs.tables import blocks, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "numbers.md"


def _tenants(directory: Path) -> list[Tenant]:
    """The tenants of the page's blocks, in their order, as the gateway stores them."""
    found = []
    for written in blocks(PAGE, "yaml"):
        (directory / "tenants.yaml").write_text(written)
        [declared] = load_tenants(directory / "tenants.yaml", {})
        found.append(stored_tenant(declared, Vault(b"the installation's secret key")))
    return found


def _as_said(said: str, written: str, region: str | None = None, *, strict: bool = False) -> None:
    if said.isdigit():
        assert msisdn(written, region, strict=strict) == said
        return
    with pytest.raises(Refused) as caught:
        msisdn(written, region, strict=strict)
    assert caught.value.refusal is Refusal.INVALID_RECIPIENT
    assert said in caught.value.detail


def test_forms_of_a_number() -> None:
    for written, said in table(PAGE, "written", "goes to"):
        _as_said(said, written)


def test_what_is_refused() -> None:
    for written, why in table(PAGE, "written", "is refused"):
        assert not why.isdigit()
        _as_said(why, written)


def test_regions(tmp_path: Path) -> None:
    for region, written, said in table(PAGE, "region", "written", "goes to"):
        _as_said(said, written, region)
    assert _tenants(tmp_path)[0].region == "GR"


def test_strict_numbers() -> None:
    for written, without, strictly in table(PAGE, "written", "without", "with `strict_numbers`"):
        _as_said(without, written)
        _as_said(strictly, written, strict=True)


def test_destinations(tmp_path: Path) -> None:
    account = account_of(_tenants(tmp_path)[1])
    answers = []
    for number, answer in table(PAGE, "number", "may shop send there?"):
        answers.append(answer)
        try:
            admit(Item("iSMS", number, "Hello"), account, 0, Policy())
            assert answer == "yes"
        except Refused as refused:
            assert (answer, refused.refusal) == ("no", Refusal.DESTINATION_BARRED)
    assert {*answers} == {"yes", "no"}


def test_test_numbers(tmp_path: Path) -> None:
    account = account_of(_tenants(tmp_path)[2])
    taken = admit(Item("iSMS", "+306900000002", "Hello"), account, 0, Policy())
    assert (taken.test, taken.price) == ("undelivered", 0)

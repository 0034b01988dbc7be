"""Section `console`: pages for people, and who may log in at first."""

from pathlib import Path

from smsgwd.config.diff import differences
from tests.config.files import bad, good

ALICE = "{name: alice, role: operate, secret: s3cret}"


def test_what_it_has_without_being_told(tmp_path: Path) -> None:
    section = good(tmp_path, "").console
    assert (section.enabled, section.tenants, section.title, section.accounts) == (True, False, "smsgwd", ())
    assert (section.session_h, section.idle_min) == (12, 60)
    [alice] = good(tmp_path, f"console: {{accounts: [{ALICE}]}}").console.accounts
    assert (alice.name, alice.role, alice.secret.get_secret_value()) == ("alice", "operate", "s3cret")


def test_what_is_wrong_is_told_without_the_secret(tmp_path: Path) -> None:
    wrong = f"console: {{idle_min: 0, accounts: [{ALICE}, {ALICE}, {{name: 'a b', role: king, secret: s3cret}}]}}"
    told = "\n".join(bad(tmp_path, wrong))
    assert "console.idle_min" in told
    assert "console.accounts[1].name: operator 'alice' is given twice" in told
    assert "console.accounts[2].name" in told
    assert "console.accounts[2].role" in told
    assert "s3cret" not in told


def test_times_and_accounts_follow_a_reload_and_pages_take_a_restart(tmp_path: Path) -> None:
    before = good(tmp_path, "")
    after = good(tmp_path, f"console: {{tenants: true, session_h: 1, accounts: [{ALICE}]}}")
    found = {each.path: each.live for each in differences(before, after)}
    assert {path.partition("[")[0]: live for path, live in found.items()} == {
        "console.tenants": False,
        "console.session_h": True,
        "console.accounts": True,
    }

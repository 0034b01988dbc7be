"""docs/smpp-server.md names every command_status that a request can be answered with."""

import re
from pathlib import Path

import smsgwd.northbound.esme
from smsgwd.model.refusals import BY_CODE
from smsgwd.smpp import status as s

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "smpp-server.md").read_text()
ANSWERS = PAGE[PAGE.index("## Answers") :]
READERS = ("asks", "commands", "passed", "requests", "times", "translate")
NAMED = re.compile(r"(0x[0-9A-F]{2}) (ESME_R[A-Z_]+)")


def test_every_status_of_the_code_is_on_the_page():
    folder = Path(smsgwd.northbound.esme.__file__).parent
    used = {name for each in READERS for name in re.findall(r"\bESME_[A-Z_]+\b", (folder / f"{each}.py").read_text())}
    assert len(used) > 15
    assert used - {name for _, name in NAMED.findall(ANSWERS)} == set()


def test_every_status_on_the_page_has_its_own_name():
    for code, name in NAMED.findall(PAGE):
        assert getattr(s, name) == int(code, 16)


def test_every_code_on_the_page_has_its_status_in_the_catalogue():
    rows = re.findall(r"^\| (0x[0-9A-F]{2}) ESME_R[A-Z]+ \| (`[^|]+`) \|", ANSWERS, re.MULTILINE)
    found = {code: int(status, 16) for status, codes in rows for code in re.findall(r"`([a-z_]+)`", codes)}
    assert len(found) > 15
    assert found == {code: BY_CODE[code].smpp for code in found}

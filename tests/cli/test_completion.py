"""Completion of `smsgwctl`: what it offers, and that bash, zsh and fish take it."""

import shutil
import socket
import subprocess
import sys

import pytest

from smsgwd.cli.completion import _parted
from tests.cli.fake_daemon import answer, ctl, daemon

ANSWERS = {
    "connector/list": [{"id": "sim"}, {"id": "spare"}, {"id": "odd one\x1b"}],
    "tenant/list": [{"id": "demo"}, {"id": "shop"}],
    "price/list": [{"name": "retail"}],
}


def answers(name: str, params: dict[str, str]) -> bytes:
    return answer(ANSWERS[name]) if name in ANSWERS else answer({"detail": "no"}, "403 Forbidden")


@pytest.fixture
def fake(tmp_path):
    with daemon(tmp_path, answers) as found:
        yield found


def offered(path: str, *words: str) -> list[str]:
    """The candidates for the last word, as fish gets them without what they are."""
    result = ctl("_complete", "fish", *words, env={"SMSGWD_SOCKET": path})
    assert (result.exit_code, result.stderr) == (0, "")
    return [line.partition("\t")[0] for line in result.output.splitlines()]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["conn"], ["connector"]),
        (["st"], ["status", "store"]),
        (["c"], ["completion", "connector"]),
        (["connector", ""], ["list", "pause"]),
        (["help", "p"], ["price", "pdu"]),
        (["help", "connector", "p"], ["pause"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["completion", "bash", ""], []),
        (
            ["top", "--"],
            ["--once", "--interval", "--cluster", "--socket", "--json", "--columns", "--no-headers", "--help"],
        ),
        (["connector", "pause", ""], ["sim", "spare", "connector=", "reason="]),
        (["connector", "pause", "s"], ["sim", "spare"]),
        (["connector", "pause", "connector=s"], ["connector=sim", "connector=spare"]),
        (["connector", "pause", "--connector", "s"], ["sim", "spare"]),
        (["connector", "pause", "sim", ""], ["reason="]),
        (["connector", "pause", "sim", "--r"], ["--reason"]),
        (["optout", "add", "d"], ["demo"]),
        (["optout", "add", "demo", "+3069", "--"], ["--tenant", "--number", "--opt-out"]),
        (["log", "level", ""], ["debug", "info", "error", "level=", "component="]),
        (["store", "check", "--deep", ""], ["file="]),
        (["store", "check", "deep="], ["deep=yes", "deep=no"]),
        (["price", "import", "r"], ["retail"]),
        (["audit", "list", "noun=s"], ["noun=status", "noun=store"]),
        (["--json", "connector", "pa"], ["pause"]),
        (["connector", "--json", "pa"], ["pause"]),
        (["--columns", "id", "connector", "pa"], ["pause"]),
        (["nothing", "like", "x"], []),
        (["esme", "list", ""], []),
    ],
)
def test_candidates(fake, words, found):
    options = ["--socket", "--json", "--columns", "--no-headers", "--help"]
    there = offered(fake.path, *words)
    if words[-1].startswith("--") and words[0] != "top":
        there = [word for word in there if word not in options]
    assert there == found


def test_files(fake, tmp_path):
    (tmp_path / "rates.csv").touch()
    (tmp_path / "more").mkdir()
    assert offered(fake.path, "price", "import", "retail", f"@{tmp_path}/ra") == [f"@{tmp_path}/rates.csv"]
    assert offered(fake.path, "price", "import", f"csv=@{tmp_path}/") == [
        f"csv=@{tmp_path}/{name}" for name in ("fake.sock", "more/", "rates.csv")
    ]
    assert offered(fake.path, "pdu", "pcap", "sim", f"{tmp_path}/m") == [f"{tmp_path}/more/"]
    assert offered("nowhere", "--socket", f"{tmp_path}/fa") == [f"{tmp_path}/fake.sock"]
    assert offered("nowhere", "--socket", fake.path, "conn") == ["connector"]


def test_a_role_that_is_not_enough_is_silent(fake, tmp_path):
    ANSWERS_WITHOUT = dict(ANSWERS)
    try:
        ANSWERS.clear()
        assert offered(fake.path, "connector", "pause", "s") == []
    finally:
        ANSWERS.update(ANSWERS_WITHOUT)


def test_a_daemon_that_is_away_is_silent(tmp_path):
    assert offered(str(tmp_path / "none.sock"), "conn") == []
    assert offered(str(tmp_path / "none.sock"), "co") == ["completion"]  # what needs none


def test_a_daemon_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr("smsgwd.cli.completion._PATIENCE_S", 0.05)
    path = str(tmp_path / "hangs.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        assert offered(path, "conn") == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("smsgwctl", [""]),
        ("smsgwctl ", [""]),
        ("smsgwctl a b", ["a", "b"]),
        ("smsgwctl a b ", ["a", "b", ""]),
        ("sudo smsgwctl a", ["a"]),
        ("/opt/bin/smsgwctl a", ["a"]),
        ("smsgwctl a 'b c", ["a", "b c"]),
        ('smsgwctl a "b c ', ["a", "b c "]),
        ("smsgwctl a='b c' d", ["a=b c", "d"]),
    ],
)
def test_words_of_a_line(line, words):
    assert _parted(line) == words


def test_an_unknown_shell():
    assert ctl("completion", "tcsh").exit_code == 2
    assert "there is bash, zsh and fish" in ctl("completion", "tcsh").stderr
    assert ctl("completion").exit_code == 2


@pytest.fixture
def program(tmp_path):
    """`smsgwctl` as a program in a directory of its own."""
    file = tmp_path / "smsgwctl"
    file.write_text(f"#!{sys.executable}\nfrom smsgwd.cli.ctl import main\nmain()\n")
    file.chmod(0o755)
    return file


def shell(name: str, text: str, program, fake, tmp_path) -> list[str]:
    """Run a script in a real shell that has loaded the completion."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} here")
    script = tmp_path / f"completion.{name}"
    script.write_text(ctl("completion", name).output)
    env = {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "SMSGWD_SOCKET": fake.path,
        "HOME": str(tmp_path),
        "SCRIPT": str(script),
        "PYTHONPATH": ":".join(each for each in sys.path if each),
    }
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"], "fish": ["--no-config"]}[name]
    command = [found, *flags, "-c", text]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


BASH = """
source "$SCRIPT"
complete -p smsgwctl
try() {
    COMP_LINE="$1"; COMP_POINT=${#1}; COMP_WORDS=(smsgwctl)
    _smsgwctl smsgwctl
    echo "$1: ${COMPREPLY[*]}"
}
try 'smsgwctl conn'
try 'smsgwctl connector pa'
try 'smsgwctl connector pause s'
try 'smsgwctl connector pause connector=sp'
try 'smsgwctl connector pause sim --rea'
"""


def test_bash(program, fake, tmp_path):
    assert shell("bash", BASH, program, fake, tmp_path) == [
        "complete -F _smsgwctl smsgwctl",
        "smsgwctl conn: connector",
        "smsgwctl connector pa: pause",
        "smsgwctl connector pause s: sim spare",
        "smsgwctl connector pause connector=sp: spare",  # bash parts words at the =
        "smsgwctl connector pause sim --rea: --reason",
    ]


ZSH = """
compdef() { print "compdef $*" }
compadd() { print -r -- "compadd $@ = ${(P)${@[-1]}} : ${(P)${@[(r)*_told]}}" }
source "$SCRIPT"
try() { words=("$@"); CURRENT=$#words; _smsgwctl }
try smsgwctl connector pa
try smsgwctl connector pause connector=s
try smsgwctl connector pause sim r
try smsgwctl connector pause sim ''
"""


def test_zsh(program, fake, tmp_path):
    assert shell("zsh", ZSH, program, fake, tmp_path) == [
        "compdef _smsgwctl smsgwctl",
        "compadd -l -d plain_told -a plain = pause : pause  pause of connector",
        "compadd -l -d plain_told -a plain = connector=sim connector=spare : "
        "connector=sim  connector connector=spare  connector",
        "compadd -S  -l -d begun_told -a begun = reason= : reason=  The reason",
        "compadd -S  -l -d begun_told -a begun = reason= : reason=  The reason",
    ]


FISH = """
source "$SCRIPT"
complete -C 'smsgwctl connector pa'
complete -C 'smsgwctl connector pause s'
complete -C 'smsgwctl connector pause sim '
"""


def test_fish(program, fake, tmp_path):
    assert shell("fish", FISH, program, fake, tmp_path) == [
        "pause\tpause of connector",
        "sim\tconnector",
        "spare\tconnector",
        "reason=\tThe reason",
    ]

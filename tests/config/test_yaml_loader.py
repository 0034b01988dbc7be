import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.config.yaml_loader import MAX_BYTES, Document, parse, type_scalar


def read(text: str) -> Document:
    return parse(text.encode(), "f.yaml")


def complaints(text: str) -> list[str]:
    return [str(error) for error in read(text).errors]


@pytest.mark.parametrize(
    "text",
    ["0123", "no", "on", "yes", "off", "12:30:00", "1_000", "+306912345678", "0x1F", "1e3", ".5", "5.", "True", "NULL",
     "2026-11-21", ".inf", ".nan", "-", "0o17", "1" * 30],
)  # fmt: skip
def test_what_is_not_plainly_typed_stays_text(text: str) -> None:
    assert read(f"a: {text}").data == {"a": text} or text == "-"
    assert type(type_scalar(text)) is str


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("false", False), ("null", None), ("~", None), ("", None), ("0", 0), ("-7", -7), ("1.50", 1.5)],
)
def test_typed_scalars(text: str, value: object) -> None:
    data = read(f"a: {text}").data
    assert data == {"a": value}
    assert type(data["a"]) is type(value) or type(value) in type(data["a"]).__mro__


def test_numbers_remember_how_they_were_written() -> None:
    data = read("a: 1.50\nb: -12").data
    assert (data["a"].text, data["b"].text) == ("1.50", "-12")


@pytest.mark.parametrize("quoted", ["'12'", '"true"', "!!str 12", "|\n  12"])
def test_quoted_is_text(quoted: str) -> None:
    assert type(read(f"a: {quoted}").data["a"]) is str


def test_lines_are_kept() -> None:
    document = read("a: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n")
    assert document.data == {"a": 1, "b": ("x", {"c": 2, "d": 3})}
    assert [document.line(path) for path in [("a",), ("b",), ("b", 0), ("b", 1), ("b", 1, "d")]] == [1, 2, 3, 4, 5]
    assert document.line(("b", 1, "missing")) == 4
    assert document.line(("nothing",)) == 1


def test_every_duplicate_key_is_reported_and_the_first_value_stands() -> None:
    document = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert document.data == {"a": 1, "b": {"c": 1}}
    assert [str(error) for error in document.errors] == [
        "f.yaml:2: b.c: key 'c' is given twice (first on line 2)",
        "f.yaml:3: a: key 'a' is given twice (first on line 1)",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: !!python/object/apply:os.system ['true']", "f.yaml:1: tags are not supported (tag:yaml.org,2002:python"),
        ("a: 1\nb: !custom x", "f.yaml:2: tags are not supported (!custom)"),
        ("a: !!int '12'", "f.yaml:1: tags are not supported"),
        ("a: 1\n---\nb: 2", "f.yaml:2: only one YAML document"),
        ("a: &x {b: *x}", "f.yaml:1: alias '*x' refers to itself"),
        ("a: *nowhere", "f.yaml:1: alias '*nowhere' refers to itself or to nothing"),
        ("x: &x {a: 1}\ny:\n  <<: *x", "f.yaml:3: merge keys"),
        ("? [a, b]\n: 1", "f.yaml:1: a key must be plain text"),
        ("a: 1\n b: 2", "f.yaml:2: YAML syntax: "),
        ("a:\n\t- 1", "f.yaml:2: YAML syntax: "),
        ("a: [1, 2", "f.yaml:1: YAML syntax: "),
        ("a: 1\nb: \x00", "f.yaml:2: a control character"),
        ("", "f.yaml:1: the file is empty"),
        ("# nothing\n", "f.yaml:1: the file is empty"),
        ("[" * 5000, "f.yaml:1: nested deeper than 32"),
    ],
)
def test_refusals_name_the_line(text: str, complaint: str) -> None:
    document = read(text)
    assert document.data is None
    assert len(document.errors) == 1
    assert str(document.errors[0]).startswith(complaint)


def test_bad_utf8_names_the_line() -> None:
    assert str(parse(b"a: 1\nb: \xff\n", "f").errors[0]) == "f:2: not valid UTF-8 text"


def test_too_large_a_file_is_refused() -> None:
    assert "larger than 4 MiB" in str(parse(b"#" * (MAX_BYTES + 1), "f").errors[0])


def test_aliases_work() -> None:
    assert read("a: &x {b: 1}\nc: *x\nd: [*x]").data == {"a": {"b": 1}, "c": {"b": 1}, "d": ({"b": 1},)}


def test_an_alias_bomb_is_bounded() -> None:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    document = read("\n".join(lines))
    assert document.data is None
    assert "aliases are expanded" in str(document.errors[0])


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse(b"\xef\xbb\xbfa: 1", "f").data == {"a": 1}


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=20), max_size=3), min_size=1, max_size=4))
def test_quoted_text_comes_back_as_it_was(data: dict[str, list[str]]) -> None:
    data = {key: value for key, value in data.items() if key != "<<"} or {"a": []}
    text = yaml.safe_dump(data, default_style='"', allow_unicode=False)
    assert read(text).data == {key: tuple(value) for key, value in data.items()}


@given(st.binary(max_size=60) | st.text("[]{}:,-&*!|>'\"%@` \n\tab01#?", max_size=60).map(str.encode))
def test_hostile_bytes_never_raise(raw: bytes) -> None:
    document = parse(raw, "f")
    assert document.data is None or not any(error.key == "" for error in document.errors)

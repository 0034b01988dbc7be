"""Whatever a file holds, loading gives a configuration or mistakes with places, never another exception."""

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.config import ConfigErrors, describe, load, load_tenants
from smsgwd.config.tenants import TenantsFile

MAIN = yaml.safe_load(describe())
TENANTS = yaml.safe_load(describe(TenantsFile))

WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["", "*", "0x58", "127.0.0.1:80", "http://x", "whsec_", {}, [], [[]], {"env": "SET"}, {"env": "UNSET"}]
    ),
    st.sampled_from(
        [{"file": "nope"}, {"file": ".."}, {"credential": "x"}, {"file": None}, {"a": {"b": []}}, ["a", 1]]
    ),
    st.sampled_from(["a\nsmsgwd.yaml:1: forged", "\x1b[31m", {"a\nb": 1}, {"env": "A\nB"}]),
    st.sampled_from([{"kind": "smpp"}, {"kind": {"env": "SET"}}, [{"kind": "provider"}], [{"id": "a"}, {"id": ["a"]}]]),
)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        found += places(value, (*path, key))
    return found


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = dict(data) if isinstance(data, dict) else list(data)
    copy[path[0]] = changed(copy[path[0]], path[1:], value)
    return copy


def check(data: Any, loader: Any) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "f.yaml"
        path.write_text(yaml.safe_dump(data), "utf-8")
        count = path.read_text("utf-8").count("\n") + 1
        try:
            loader(path, {"SET": "value"})
        except ConfigErrors as mistakes:
            assert mistakes.errors
            for error in mistakes.errors:
                assert error.file == str(path)
                assert 1 <= error.line <= count
                assert error.message
                assert "\n" not in str(error)
                assert "Input should" not in error.message, "pydantic's words reached the operator"
                assert "Value error" not in error.message


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(places(MAIN)), WRONG)
def test_any_wrong_value_in_the_main_file(place: tuple[Any, ...], value: Any) -> None:
    check(changed(MAIN, place, value), load)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(places(TENANTS)), WRONG)
def test_any_wrong_value_in_the_tenants_file(place: tuple[Any, ...], value: Any) -> None:
    check(changed(TENANTS, place, value), load_tenants)

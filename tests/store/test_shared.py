"""What all stores have in common knows none of them, and each kind of change is applied by one function."""

import ast
import inspect
import typing
from pathlib import Path

import pytest

from smsgwd.model.changes import Change
from smsgwd.model.spooled import SubmitSpooled
from smsgwd.store.apply import table as shared
from smsgwd.store.embedded.apply import table as embedded
from smsgwd.store.redis.apply import table as redis
from smsgwd.store.work import Work

STORE = Path(shared.__file__).parent.parent
_VALUES = ("work", "rows", "owed", "books", "counts", "items")
_MODULES = [*(STORE / f"{name}.py" for name in _VALUES), *sorted((STORE / "apply").glob("*.py"))]
_ALLOWED = ("smsgwd.model.", "smsgwd.delivery.", "smsgwd.store.apply", *(f"smsgwd.store.{name}" for name in _VALUES))
_LIBRARIES = {"__future__", "abc", "collections", "functools", "typing", "msgspec"}


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                yield f"{node.module}.{each.name}"


@pytest.mark.parametrize("path", _MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_changes_mean_knows_no_particular_store(path):
    imported = list(_imported(path))
    assert imported or path.stem == "__init__"
    assert [
        name for name in imported if not name.startswith(_ALLOWED) and name.split(".", 1)[0] not in _LIBRARIES
    ] == []


def test_every_kind_of_change_has_its_function():
    kinds = {*typing.get_args(Change), SubmitSpooled}  # which is a Submit for whoever asks
    assert len(kinds) > 40
    assert set(embedded.TABLE) == kinds
    assert set(redis.TABLE) == kinds
    assert set(shared.SHARED) < kinds


def test_what_is_shared_is_applied_by_the_same_function_in_the_embedded_store():
    assert {kind: embedded.TABLE[kind] for kind in shared.SHARED} == shared.SHARED


def test_every_shared_function_takes_any_work():
    """Nothing of a particular store is asked for."""
    for function in shared.SHARED.values():
        first = next(iter(inspect.signature(function, eval_str=True).parameters.values()))
        assert first.annotation is Work, function

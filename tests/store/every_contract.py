"""Every part of the store contract, to be mixed with a class that makes stores (`new_store(**options)`)."""

import inspect
import sqlite3

from twisted.trial.unittest import TestCase

from smsgwd.store.redis.errors import Unreachable
from tests.store import (
    contract,
    contract_clearing,
    contract_counting,
    contract_finding,
    contract_holds,
    contract_links,
    contract_operators,
    contract_records,
    contract_retention,
)

_MODULES = (
    contract_clearing,
    contract_counting,
    contract_finding,
    contract_holds,
    contract_links,
    contract_operators,
    contract_records,
    contract_retention,
)
EVERY = dict.fromkeys(
    (
        *contract.CONTRACTS,
        *(
            each
            for module in _MODULES
            for each in vars(module).values()
            if isinstance(each, type) and each.__name__.endswith("Contract") and each.__module__ == module.__name__
        ),
    )
)


class Broken:
    """Some commits fail as where the server went away, or the disk is full."""

    broken = False

    def new_store(self, **options):
        return super().new_store(before_commit=self._before_commit, **options)

    def trouble(self, on):
        self.broken = on

    def _before_commit(self):
        if self.broken and getattr(self, "kind", "redis") == "embedded":
            raise sqlite3.OperationalError("database or disk is full")
        if self.broken:
            raise Unreachable("the server is away")


def every(made, module):
    """Test cases by name: each contract on stores that `made` makes."""
    cases = {}
    for each in EVERY:
        name = f"Test{each.__name__.removesuffix('Contract')}"
        bases = (Broken, made) if each is contract.WalkContract else (made,)
        cases[name] = type(name, (*bases, each, TestCase), {"__module__": module})
    return cases


def reopening(made, module):
    """The same without the random walk, with those tests only that open their store again: the others are about one
    kind of store alone."""
    cases = {}
    for each in EVERY:
        tests = {name: test for name, test in inspect.getmembers(each) if name.startswith("test_")}
        others = [name for name, test in tests.items() if "self.reopen()" not in inspect.getsource(test)]
        if each is not contract.WalkContract and len(others) < len(tests):
            name = f"Test{each.__name__.removesuffix('Contract')}"
            cases[name] = type(name, (made, each, TestCase), {"__module__": module, **dict.fromkeys(others)})
    return cases

"""What a look-up and the compiling of large routing tables cost: `python -m tests.routing.bench_table`.

Prints the least of several rounds, which others' work disturbs least.
"""

import random
import time
from collections.abc import Callable

from smsgwd.routing.table import Routes, Rule

_PREFIXES = 100_000
_ROUNDS = 5
_LOOKUPS = 20_000


def prefixes() -> list[str]:
    """So many different prefixes of 1 to 7 digits, the same ones each time."""
    rng = random.Random(3)
    found: dict[str, None] = {}
    while len(found) < _PREFIXES:
        size = rng.randint(1, 7)
        found[str(rng.randrange(10 ** (size - 1), 10**size))] = None
    return list(found)


def tables(written: list[str]) -> dict[str, Callable[[], Routes]]:
    """The tables, by what they are."""
    each = [Rule((f"c{place % 50}",), (f"{prefix}*",)) for place, prefix in enumerate(written)]
    lists = [Rule((f"c{place}",), tuple(f"{prefix}*" for prefix in written[place::20])) for place in range(20)]
    own = [Rule(("x",), tenant=f"t{place}", sender=("A*",)) for place in range(1000)]
    networks = [Rule((f"c{place % 50}",), networks=(f"{20000 + place}",)) for place in range(1000)]
    return {
        "one rule": lambda: Routes([Rule(("a",))]),
        "100,000 rules of one prefix": lambda: Routes(each),
        "20 rules of 5,000 prefixes": lambda: Routes(lists),
        "the same, behind 1,000 tenants' own": lambda: Routes([*own, *lists]),
        "1,000 rules of one network": lambda: Routes(networks, lambda _: "20500"),
    }


def main() -> None:
    """Measure and print."""
    written = prefixes()
    numbers = [f"{prefix}123456789012"[:12] for prefix in random.Random(4).sample(written, 5000)]
    for name, make in tables(written).items():
        compiling = looking = float("inf")
        for _ in range(_ROUNDS):
            begin = time.perf_counter()
            find = make().find
            compiling = min(compiling, time.perf_counter() - begin)
            begin = time.perf_counter()
            for turn in range(_LOOKUPS):
                find("t7", "Shop", numbers[turn % 5000], 1, 0, None, 1, 0)
            looking = min(looking, (time.perf_counter() - begin) / _LOOKUPS)
        print(f"{name:36} compiled in {compiling:6.3f} s, {looking * 1e6:5.2f} us a look-up")


if __name__ == "__main__":
    main()

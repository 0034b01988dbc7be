"""First paint of the console: `python -m tests.browser.bench_paint URL NAME PASSWORD [PATH ...]`.

Against a gateway that runs (scripts/run: http://127.0.0.1:8081 demo demo). Each page is loaded with an empty cache;
printed are the median and the longest first paint, and the octets that came.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from tests.browser.browser import Browser
from tests.browser.pages import log_in

_TIMES = 7


def main(base: str, name: str, password: str, *paths: str) -> None:
    """Print a line for each page."""
    with tempfile.TemporaryDirectory() as directory:
        browser = Browser(Path(directory))
        try:
            for path in ("/login", *(paths or ("/",))):
                paints, octets = [], 0
                for _ in range(_TIMES):
                    tab = browser.tab(Path(directory), base)
                    if path != "/login":
                        log_in(tab, name, password)
                    tab.goto(f"/ui{path}")
                    paints.append(tab.first_paint_ms())
                    octets = sum(each.received for each in tab.requests())
                    tab.close()
                found = f"median {statistics.median(paints):.0f} ms, longest {max(paints):.0f} ms"
                print(f"{path}: first paint {found}; {octets:,} octets with the login page")
        finally:
            browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Pages in a real browser: Chromium, driven by Playwright and judged by axe-core, against a live daemon.

Here live what starts and drives the browser, and the tests of pages as a person sees them: what is shown, what a click
does, the keyboard, a phone, dark, slow scripts, a stream that is cut, no error on the console, nothing that axe finds
serious. What may not live here: what can be told of a page without a browser (`tests/console`, `tests/northbound`).

`rule.py`: skipped or failed where no browser starts; `driver.py`: the Node process; `driver.mjs`: its loop; `tab.mjs`:
what a tab can do; `chromium.mjs`: which Chromium; `browser.py`: all that for tests, typed; `conftest.py`: the fixtures;
`pages.py`: logging in, and a look at a page; `bench_paint.py`: how long a first paint takes; `cable.py`: a connection
that can be cut; `small_site.py`: pages for the tests of the browser itself. To add a test of a
page, take `open_tab` and a scene, as `test_docs_page.py` does; to change what a tab can do, edit `tab.mjs` and
`browser.py`; another version of Playwright, axe or Chromium, `package.json` and its lock (`npm install --ignore-scripts
--omit-lockfile-registry-resolved=true`: the lock names no registry).

SMSGWD_SCREENSHOTS=DIR: where pictures go. SMSGWD_BROWSER=required (or CI=true): where no browser starts, fail.
SMSGWD_CHROMIUM=PATH: take that one and no other.

What was found out about Chromium from npm (`@sparticuz/chromium` 153, x86-64 Linux only):

- 92 MB of packages; the program is packed with Brotli, 209 MB unpacked. That takes 3 s of CPU, once.
- Its own JavaScript unpacks into the system's temporary directory and wants Node 22; its files are all that we use.
- `al2023.tar.br` has NSS, NSPR and expat, all that it links to beside the C library (glibc 2.34 was enough).
- Its `fonts.conf` names directories of a cloud function, and Chromium aborts at the first letter when it finds no font:
  ours names its own font (Open Sans: Latin, Greek, Cyrillic) and the machine's.
- Playwright's own Chromium is a newer one (159); all that is used here works with 153. No root, no sandbox, no network:
  other hosts than this one have no address.
- It ends by itself when the pipe to its driver closes, so nothing is left when tests are killed.
- A stream that is open (Server-Sent Events) is not cut by Playwright's `setOffline`, nor by blocking its URL.
"""

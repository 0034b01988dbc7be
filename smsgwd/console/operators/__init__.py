"""Operators' pages, a module a family: `PAGES` of each is in `menu.py`, which also says what the menu has.

A page asks the admin commands and nothing else. To add one: a module like `overview.py` with its `PAGES`, its template
in `templates/operators/`, and both in `menu.py`. Here are `overview` (the gateway on one screen),
`connectors`, `queues`, `held`, `plugins`, `gateway` (drain, configuration, store); rates are worked out in `readings`,
which pages somebody may be led to, in `places`.
"""

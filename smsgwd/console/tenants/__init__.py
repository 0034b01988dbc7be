"""Tenants' pages, a module a family: `PAGES` of each is in `menu.py`, which also says what the menu has.

A page asks `/v1` and nothing else. To add one: a module like `overview.py` with its `PAGES`, its template in
`templates/tenants/`, and both in `menu.py`. Here are `overview` (what there is to know at a glance).
"""

"""Tenants' pages, a module a family: `PAGES` of each is in `menu.py`, which also says what the menu has.

A page asks `/v1` and nothing else. To add one: a module like `overview.py` with its `PAGES`, its template in
`templates/tenants/`, and both in `menu.py`. Here are `overview` (what there is to know at a glance);
`send` with `draft` (what was filled in, as a request), `messages` (the history), `message` (one of them, or a
submission), `scheduled`, `statistics`; `figures` (plots, bars and sums of messages);
`contacts` (the address book, its files, too), `groups`, `optouts` (who wants no messages), `templates`, `senders` (what
one may send under), `links` (who opened what), `money` (balance, statements, top-ups, bills), `lookups`. What lists
share, addresses of their pages and days, is in `lists`.
"""

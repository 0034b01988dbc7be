"""Operators' pages, a module a page family: `PAGES` of each is in `menu.py`, which also says what the menu has.

A page asks the admin commands and nothing else. To add one: a module like `overview.py` with its `PAGES`, its template
in `templates/operators/`, and both in `menu.py`. Here are `overview` (the gateway on one screen),
`connectors`, `queues`, `held`, `plugins`, `gateway` (drain, configuration, store); rates are worked out in `readings`,
which pages somebody may be led to, in `places`.

`messages` searches, `message` shows one and what can be done about it, its way as a timeline is made in `timeline`.
`orphans`: receipts without a message, and those that carriers owe us; `pushes`: what tenants are owed; `esmes`:
customers bound over SMPP; `pdus`: PDUs as they pass; `nodes`, `configuration`, `log` and `audit` (with what differs)
are what their names say. `asked` reads what forms and queries say for them.

The business: `tenants` (all, a new one, one whole), `tenant_settings` (its settings and prices; which settings the form
has says `settings`), `credentials`, `money` (statement, payments), `prices` (lists and number plans), `routes`,
`explain` (why a message would go where), `senders` (who may stand as the sender, rules of countries and of texts),
`blocked` (blacklist and opt-outs). `files` takes tables that are given and gives files.

Who operates: `accounts` (all operators), `security` (one's own password, codes and sessions).
"""

"""The tenants' side: the native HTTP API with its documentation, SMPP, and the authentication all edges share.

Here live the edges that turn a tenant's request into a `Submission` and an `Outcome` into an answer. What may not live
here: admission, routing, prices, the store, pushes (behind `ports`), and the HTTP engine (`net.http_server`).

To change an endpoint, edit its row in `routes.py` and its handler in `sending.py` or `queries.py`; what a request may
hold, `requests.py`; what an answer holds, `answers.py`; the cursor of lists, `cursor.py`; how credentials are read from
a request, `credentials.py`; how they are verified, `auth.py`; how fast a tenant may send, `pace.py`, and
where several nodes take what it sends, `shared_pace.py`; how much is let in
at a time, `doorway.py`; what a refusal or a bug looks like, `problems.py`; the generated documents, `openapi.py` and
`docs_page.py` (docs/errors.md: `markdown.py`); the server side of SMPP, `esme/`; which row a request is for,
`router.py`; where submissions over HTTP go in, whichever API they came by, `intake.py`. Provider styles
(`smsgwd.dialects` says what they are): who asks, how often, and how it is answered, `dialect_edge.py`; how what they
ask is carried out, `dialect_desk.py`. Money: statements and orders, `money.py` with `money_types.py`, `money_csv.py`
and its rows in `money_routes.py`; bills, `bills.py`. Scheduled messages, `scheduled.py`; tracked links, `links.py`, how
they are opened, `link_pages.py`, and who is taken for a program, `link_bots.py`; number lookups, `lookups.py`. What a
tenant sees to itself: its credentials, `own_credentials.py` with rows and types in `credential_routes.py`; where it is
told, `callbacks.py`, and what it was pushed, `pushes.py`, with `callback_routes.py`; how often it may, `allowance.py`.
The address book: its endpoints, `book_routes.py`; what they take and answer, `book_types.py`; contacts, groups,
templates, senders and opt-outs, `book_contacts.py`, `book_groups.py`, `templates.py`, `senders.py` and `optouts.py`;
files of contacts, `book_transfer.py`, `book_csv.py` and `book_vcard.py`; sending to groups and by templates,
`book_sending.py`; what all of them share, `book_records.py`; names in histories, `book_names.py`; which handler answers
what, `book.py`.
What would become of a message, `preview.py`; files of messages, `history_csv.py`; their
statistics, `statistics.py` with `statistics_types.py` and `statistics_cells.py`; what is told of the account itself,
`account.py`.
`route.py` says what a row is; `api.py` puts the tables and their handlers (families) together.
"""

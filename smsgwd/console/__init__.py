"""The console: pages for people, operators' on the ops listener and tenants' on the tenants' listener, under `/ui/`.

Here live pages, their templates, style and languages. What may not live here: anything that the admin commands or
`/v1` cannot do (it is added there), and imports of the other edges: what the pages work with is given, see `given.py`.
Nothing but `door.py` is imported before somebody looks (it costs memory), so it and this file import nothing more.

To change which requests are the console's, edit `door.py`; how a page is found, who may see it and the headers of
every answer, `site.py`; what a page is, `page.py`; what a page can ask and answer, `visit.py`; forms and CSRF,
`forms.py`; cookies, `cookies.py`; logging in and out, `login.py`; jinja2 and its filters, `render.py`; languages,
`languages.py` and `catalogs/`, words that come from data, `words.py`; files such as style and scripts, `statics.py` and
`static/`; what moves by itself, `live.py`. Pages of operators stand in `operators/`, of tenants in `tenants/`, a
module a family, their templates in `templates/`.
"""

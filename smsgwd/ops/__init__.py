"""Operations: what systemd, monitoring and the person on call talk to.

Here live the ops listener's pages, the admin socket with its command registry, and the service manager's notifications.
No message passes through here, and nothing here knows how the daemon is built: it is given what it shows.

To add an operator's command, add a module with a `commands(...)` function like `status.py` and register it in
`smsgwd.app.commands` and in docs/commands.md; to add a page of the ops listener, edit `pages.py`; for systemd,
`systemd.py`; how parameters are read, `params.py`.
"""

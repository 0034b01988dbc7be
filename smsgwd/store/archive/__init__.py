"""The archive of finished messages: what has left the Redis store and can still be asked for (docs/design/archive.md).

Here lives how archived messages are kept in files or in PostgreSQL, and how the reactor asks for them. What may not:
when a message is archived (that is `smsgwd.app.archiving`), what is kept of it in Redis
(`smsgwd.store.redis.archived`), and traffic: all of it is read and written in one thread of its own.

To change what is kept of a message and how, edit `row.py`; one file, `day.py`; which file something is in, and what is
asked of all of them, `files.py`; the tables in PostgreSQL, `postgres.py`; the thread, `threaded.py`; what goes of a
person who is to be forgotten, `forget.py`.
"""

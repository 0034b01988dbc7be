"""Copies of everything that is stored, from one kind of store into another.

Here lives the common form of what is stored, and how each store is read and written as a whole, while no gateway works
on it or, in a move, beside one. What may not: what a change means.

To change what a copy has, edit `records.py`, and how each store reads and writes that: `embedded_out.py` and
`embedded_in.py`, `redis_out.py` and `redis_in.py`; how records stand in a file, `file.py`; how a copy is made and
compared, `copy.py`. A backup of the Redis store is no such file: `backup_file.py` loads it, `mended.py` makes what was
read at different moments agree, `backup_out.py` reads it as records. What a move does, one
after the other, is said by `moving.py`.

A move of an embedded store to Redis is `to_redis.py`: its copies of one moment, `embedded_copies.py`; what differs
between two, and which tables are compared, `embedded_changes.py`; how Redis is rid of what a record wrote,
`redis_takes.py`; what is read again, `redis_back.py`. A move from Redis is `to_embedded.py`, what it refuses and what
is left of it; `following.py`, one round of it, and what is compared; which keys are content, `redis_names.py` (each key
must be there); which rows are other than they were read, `redis_changes.py`, by what `stamps.py` remembers; how they
become records, `redis_rows.py`. Modules of one store are imported only where that store is meant.
"""

"""Durable stores: implementations of `smsgwd.ports.store.Store`.

Here live databases, their threads and connections, and nothing that knows HTTP or SMPP. The rules a store applies in
its transactions come from `smsgwd.delivery`; no rule is written here.

To change what every store must do, edit `smsgwd/ports/store.py`, `smsgwd/model/changes.py` and the contract suite in
tests/store/contract.py; to change the SQLite store, edit `embedded/`.
"""

"""Records in memory, in the order of a store; what is refused is said by the test."""

from twisted.internet.defer import fail, succeed

from smsgwd.model.records import Record


class Records:
    def __init__(self, refuse=None):
        self.rows = {}
        self.refuse = refuse  #: an exception: changes fail with it
        self.at = 1_780_000_000_000

    def get(self, kind, tenant, key):
        return succeed(self.rows.get((kind, tenant, key)))

    def page(self, kind, tenant, after, limit, *, beginning=""):
        found = []
        for (each, owner, key), record in sorted(self.rows.items()):
            place = key if tenant is not None else f"{owner}\0{key}"
            if each == kind and tenant in (None, owner) and key.startswith(beginning) and place > after:
                found.append(record)
        return succeed(found[:limit])

    def put(self, kind, tenant, key, value, *, new=False, old=False):
        if self.refuse is not None:
            return fail(self.refuse)
        there = (kind, tenant, key) in self.rows
        if (new and there) or (old and not there):
            return succeed(False)
        self.rows[kind, tenant, key] = Record(kind, tenant, key, value, self.at)
        return succeed(True)

    def drop(self, kind, tenant, key, *, beginning=False):
        if self.refuse is not None:
            return fail(self.refuse)
        gone = [
            each
            for each in self.rows
            if each[:2] == (kind, tenant) and (each[2].startswith(key) if beginning else each[2] == key)
        ]
        for each in gone:
            del self.rows[each]
        return succeed(len(gone))

from smsgwd.app.batches import BatchObservers
from smsgwd.model.changes import Note


class Store:
    observe_batch = None


def test_nobody_looks_and_the_store_has_nothing_to_call():
    store = Store()
    observers = BatchObservers(store)
    seen = []

    def look(changes, results):
        seen.append((changes, results))

    observers.add(look)
    observers.add(look)
    assert store.observe_batch is not None
    store.observe_batch([Note(1, 0, "x")], [None])
    assert seen == [([Note(1, 0, "x")], [None])]
    observers.remove(look)
    assert store.observe_batch is None
    observers.remove(look)


def test_one_that_raises_does_not_keep_it_from_the_others():
    store = Store()
    observers = BatchObservers(store)
    seen = []

    def broken(changes, results):
        raise ValueError("no")

    class Looks:
        def look(self, changes, results):
            seen.append(list(changes))

    looks = Looks()
    observers.add(broken)
    observers.add(looks.look)
    store.observe_batch([1], [None])
    observers.remove(looks.look)  # a bound method is another object each time
    store.observe_batch([2], [None])
    assert seen == [[1]]

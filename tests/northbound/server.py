"""The API over fakes as a process: prints its port, ends when its standard input does."""

import sys

import msgspec
from twisted.internet import reactor
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO

from smsgwd.net.http_server import HttpListener
from smsgwd.northbound.api import NativeApi
from tests.northbound.fakes import FakeGateway, FakeRecords


class _UntilEnd(Protocol):
    def connectionLost(self, reason=None):
        if reactor.running:
            reactor.stop()


class _Lenient(FakeGateway):
    """Takes any recipient of an even length, so that generated requests end both ways."""

    def _entry(self, submission, first, place, item):
        written = item.dest
        item = msgspec.structs.replace(item, dest="+306912345678" if len(written) % 2 == 0 else "nobody")
        entry = super()._entry(submission, first, place, item)
        entry.dest = written
        if entry.id is not None:
            self.views[entry.id].message.dest = written
        return entry


def main():
    gateway = _Lenient()
    listener = HttpListener(reactor, NativeApi(gateway, gateway, gateway, gateway, records=FakeRecords()))
    print(listener.listen("127.0.0.1", 0), flush=True)
    StandardIO(_UntilEnd())
    reactor.run()


if __name__ == "__main__":
    sys.exit(main())

"""Certificates that are read again."""

from types import SimpleNamespace

from smsgwd.app.certificates import Certificates
from smsgwd.net.tls import TlsError
from smsgwd.ops.certificates import Tls
from smsgwd.ops.registry import Registry


class Options:
    def __init__(self, error=None):
        self.error, self.times = error, 0

    def reload(self):
        self.times += 1
        if self.error is not None:
            raise TlsError(self.error)


def test_each_listener_tells_what_became_of_it_and_a_bad_file_stops_no_other():
    certificates = Certificates()
    bad, good = certificates.add("http", Options("x.pem: no certificate")), certificates.add("smpps", Options())
    told = Registry(Tls(certificates.reload).commands()).run("tls", "reload", {})
    assert told == {"http": "the old one stays: x.pem: no certificate", "smpps": "reloaded"}
    assert (bad.times, good.times) == (1, 1)


def test_when_certificates_end_is_told_of_listeners_and_connectors():
    certificates = Certificates()
    certificates.add("http", SimpleNamespace(expires_at=5.0))
    settings = {"a": SimpleNamespace(certificate_ends=7.0), "b": SimpleNamespace(certificate_ends=None)}
    dispatcher = SimpleNamespace(
        status=lambda: [SimpleNamespace(id="a"), SimpleNamespace(id="b")], settings=settings.__getitem__
    )
    assert certificates.in_use(dispatcher) == {"http": 5.0, "connector a": 7.0}

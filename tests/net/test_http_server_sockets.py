"""HttpListener over real sockets, with clients that know nothing of Twisted."""

import http.client
import socket
import ssl
import struct
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpLimits, HttpListener
from smsgwd.net.tls import server_options


class SocketTests(TestCase):
    timeout = 20

    def listening(self, handler=None, host="127.0.0.1", **options):
        listener = HttpListener(reactor, handler or self.echo, HttpLimits(max_body=100_000), **options)
        port = listener.listen(host, 0)
        self.addCleanup(lambda: listener.stop(0.5))
        return listener, port

    @staticmethod
    def echo(request):
        return HttpResponse(200, (("Content-Type", "text/plain"),), request.body or request.address.encode())

    @inlineCallbacks
    def test_keep_alive_with_bodies(self):
        _, port = self.listening()

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", port)
            found = []
            for n in range(3):
                connection.request("POST", "/x", b"x" * (n * 30_000 + 1))
                answer = connection.getresponse()
                found.append((answer.status, len(answer.read())))
            connection.request("GET", "/x")
            found.append(connection.getresponse().read())
            connection.close()
            return found

        found = yield deferToThread(client)
        self.assertEqual(found, [(200, 1), (200, 30_001), (200, 60_001), b"127.0.0.1"])

    def test_a_burst_of_connects_waits_for_nobody(self):
        _, port = self.listening()
        for _ in range(200):  # this thread is the reactor's: nothing is accepted meanwhile
            client = socket.create_connection(("127.0.0.1", port), timeout=0.5)
            self.addCleanup(client.close)

    @inlineCallbacks
    def test_ipv6(self):
        if not socket.has_ipv6:
            self.skipTest("no IPv6")
        try:
            _, port = self.listening(host="::1")
        except Exception as error:
            self.skipTest(f"no IPv6 loopback: {error}")

        def client():
            connection = http.client.HTTPConnection("::1", port)
            connection.request("GET", "/")
            answer = connection.getresponse().read()
            connection.close()
            return answer

        self.assertEqual((yield deferToThread(client)), b"::1")

    @inlineCallbacks
    def test_a_client_that_sends_far_too_much_still_reads_its_413(self):
        listener, port = self.listening()

        def client():
            with socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
                sock.sendall(b"x" * 3_000_000)  # a reset would raise here or lose the answer
                data = b""
                while piece := sock.recv(65536):
                    data += piece
                return data

        data = yield deferToThread(client)
        self.assertTrue(data.startswith(b"HTTP/1.1 413 "), data[:100])
        self.assertIn(b'"too_large"', data)
        yield listener.stop(2)
        self.assertEqual(listener.connections, 0)

    @inlineCallbacks
    def test_a_client_that_resets_while_its_request_runs(self):
        waiting, arrived, left = Deferred(), Deferred(), Deferred()

        def handler(request):
            arrived.callback(None)
            return waiting

        listener, port = self.listening(handler)
        closed = listener.closed
        listener.closed = lambda channel: (closed(channel), left.callback(None))
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        yield arrived
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        yield left
        waiting.callback(HttpResponse(200))  # nobody is there; flushLoggedErrors stays empty
        self.assertEqual(self.flushLoggedErrors(), [])

    @inlineCallbacks
    def test_stop_answers_the_running_request_and_closes_idle_connections(self):
        waiting, arrived = Deferred(), Deferred()

        def handler(request):
            if request.path == "/slow":
                arrived.callback(None)
                return waiting
            return HttpResponse(204)

        listener, port = self.listening(handler)

        def idle():
            sock = socket.create_connection(("127.0.0.1", port))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            sock.recv(4096)
            return sock

        kept = yield deferToThread(idle)

        def slow():
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/slow")
            answer = connection.getresponse()
            return answer.read(), answer.headers["Connection"]

        running = deferToThread(slow)
        yield arrived
        stopped = listener.stop(10)
        self.assertEqual((yield deferToThread(kept.recv, 10)), b"")
        kept.close()
        self.assertFalse(stopped.called)
        waiting.callback(HttpResponse(200, (), b"done"))
        self.assertEqual((yield running), (b"done", "close"))
        yield stopped
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    @inlineCallbacks
    def test_a_socket_that_listens_already_is_adopted(self):
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            port = listening.getsockname()[1]
            listener = HttpListener(reactor, self.echo)
            listener.adopt(listening.fileno(), socket.AF_INET)

        def client():
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/")
            answer = connection.getresponse().read()
            connection.close()
            return answer

        self.assertEqual((yield deferToThread(client)), b"127.0.0.1")
        yield listener.stop(2)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))

    @inlineCallbacks
    def test_an_adopted_socket_speaks_tls(self):
        certificate, key = self.certificate()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            port = listening.getsockname()[1]
            listener = HttpListener(reactor, self.echo, tls=server_options(certificate, key))
            listener.adopt(listening.fileno(), socket.AF_INET)
            self.addCleanup(lambda: listener.stop(0.5))
        context = ssl.create_default_context(cafile=str(certificate))

        def client():
            connection = http.client.HTTPSConnection("localhost", port, context=context)
            connection.request("POST", "/", b"hello")
            answer = connection.getresponse().read()
            connection.close()
            return answer

        self.assertEqual((yield deferToThread(client)), b"hello")

    @inlineCallbacks
    def test_a_large_answer_to_a_slow_reader_is_whole(self):
        _, port = self.listening(lambda request: HttpResponse(200, (), b"x" * 3_000_000))

        def client():
            found = 0
            with socket.socket() as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                sock.connect(("127.0.0.1", port))
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
                sock.shutdown(socket.SHUT_WR)
                while piece := sock.recv(65536):
                    found += piece.count(b"x")
            return found

        self.assertEqual((yield deferToThread(client)), 6_000_000)

    @inlineCallbacks
    def test_tls(self):
        certificate, key = self.certificate()
        _, port = self.listening(tls=server_options(certificate, key))
        context = ssl.create_default_context(cafile=str(certificate))

        def client():
            connection = http.client.HTTPSConnection("localhost", port, context=context)
            connection.request("POST", "/", b"hello")
            first = connection.getresponse().read()
            connection.request("POST", "/", b"x" * 100_001)
            refused = connection.getresponse()
            return first, refused.status, refused.read()

        first, status, body = yield deferToThread(client)
        self.assertEqual((first, status), (b"hello", 413))
        self.assertIn(b"too_large", body)

    def certificate(self):
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        kept = tempfile.TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        folder = Path(kept.name)
        (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
        (folder / "key.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return folder / "cert.pem", folder / "key.pem"

"""The servers that other tests talk to."""

import pytest

from tests.store.redis_server import Client, ErrorReply, Server, shared_server


def test_what_was_written_outlives_a_kill():
    with Server(appendfsync="always") as server:
        server.client.call("SET", "a", b"\x00\xff")
        server.restart()
        assert server.client.call("GET", "a") == b"\x00\xff"
        assert Client(port=server.port).call("DBSIZE") == 1
        directory = server.directory
    assert not directory.exists()


def test_one_server_a_process():
    server = shared_server()
    assert shared_server() is server
    server.client.call("SET", "a", 1)
    server.flush()
    assert server.client.call("DBSIZE") == 0


def test_users():
    acl = ("default off", "node on >right ~a* +@all")
    with Server(acl=acl, user="node", password="right") as server:
        server.client.call("SET", "a", 1)
        with pytest.raises(ErrorReply, match="NOPERM"):
            server.client.call("SET", "b", 1)
        with pytest.raises(ErrorReply, match="WRONGPASS"):
            Client(server.path, user="node", password="wrong")

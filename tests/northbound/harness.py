"""A NativeApi over fakes, asked without sockets."""

import base64
import json

from twisted.internet.defer import Deferred

from smsgwd.net.http_message import HttpRequest, Later
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.intake import Intake
from tests.northbound.fakes import T0, FakeGateway, FakeRecords


class Reply:
    def __init__(self, response):
        self.status, self.body, self.route = response.status, response.body, response.route
        self.header_list = response.headers
        self.headers = {name.lower(): value for name, value in response.headers}

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """Asks a NativeApi; `ask` returns a Reply, or the Deferred when the answer is not there yet."""

    def __init__(self, gateway=None, token="demo-token", **options):
        self.gateway = gateway or FakeGateway()
        self.records = options.setdefault("records", FakeRecords())
        options.setdefault("now", lambda: T0)
        doors = {name: options.pop(name) for name in ("pace", "reactor", "ready", "lagging") if name in options}
        self.api = NativeApi(Intake(self.gateway, **doors), self.gateway, self.gateway, self.gateway, **options)
        self.token = token

    def ask(self, method, target, body=b"", headers=None, auth=True):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = {"content-type": "application/json"}
        if auth is True:
            sent["authorization"] = f"Bearer {self.token}"
        elif auth:
            sent["authorization"] = auth
        sent.update(headers or {})
        path, _, query = target.partition("?")
        fields = [tuple(field.partition("=")[::2]) for field in query.split("&")] if query else []
        result = self.api(HttpRequest(method, path, fields, sent, body, "192.0.2.7"))
        if isinstance(result, Later):
            answered = Deferred()
            result.on_answer(lambda response, done: done.callback(response), answered)
            result = answered
        if not isinstance(result, Deferred):
            return Reply(result)
        replies = []
        result.addCallback(lambda response: replies.append(Reply(response)) or response)
        if replies:
            return replies[0]
        return result

    def send(self, **members):
        message = {"from": "iSMS", "to": "+306912345678", "text": "hi"}
        message.update(members)
        return self.ask("POST", "/v1/messages", message)


def basic(pair, encoding="utf-8"):
    return "Basic " + base64.b64encode(pair.encode(encoding)).decode()


def is_problem(reply, status, code, detail=""):
    document = reply.json
    assert (reply.status, document["code"]) == (status, code), document
    assert reply.headers["content-type"] == "application/problem+json"
    assert document["status"] == status
    assert document["type"] == f"/docs#{code}"
    assert document["title"]
    assert detail in document["detail"], document
    return True

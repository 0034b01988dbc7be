"""Requests in SMS Club's style, and what comes of them without a gateway."""

import json

import msgspec

from smsgwd.dialects.dialect import Options
from smsgwd.dialects.http import JSON, Answered
from smsgwd.dialects.smsclub import SmsClub
from smsgwd.model.message import Coding, Failure, Message, MessageView, State
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import DialectSettings, Tenant

CLUB = SmsClub(Options(duplicate_s=120))
TENANT = Tenant("smsclub", currency="UAH")
ENCODED = Tenant("smsclub", dialects=DialectSettings(smsclub_base64=True))
BEARER = {"authorization": "Bearer token-smsclub"}


class Sent(msgspec.Struct):
    method: str
    path: str
    raw_query: str = ""
    headers: dict[str, str] = {}
    body: bytes = b""


def posted(path, body=b"", headers=BEARER):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Sent("POST", path, headers=headers, body=data)


def asked(query, path="/http/", login="username=u&password=p&"):
    return Sent("GET", path, login + query)


def command(request, tenant=TENANT):
    return CLUB.command(CLUB.read(request), tenant, 0)


def refusal(request):
    """The error for a request that ends before the gateway is asked."""
    known = None
    try:
        known = CLUB.read(request)
        CLUB.command(known, TENANT, 0)
    except Answered as answered:
        return answered.answer
    except Refused as refused:
        return CLUB.refused(request, known, refused)
    raise AssertionError("it was taken")


def answered(request, result, tenant=TENANT):
    known = CLUB.read(request)
    asked_for = CLUB.command(known, tenant, 0)
    if isinstance(result, list):
        result = Outcome(1, [Entry(item.dest, **each) for item, each in zip(asked_for.items, result, strict=True)])
    try:
        return CLUB.answer(known, asked_for, result, tenant)
    except Refused as refused:
        return CLUB.refused(request, known, refused)


def good(number):
    return {"id": number, "state": State.QUEUED, "parts": 1}


def bad(which, detail=""):
    return {"error": Failure(which.code, detail)}


def view(number, state):
    message = Message(
        number, 1, "smsclub", "VashZakaz", "380989361131", "380989361131", b"x", Coding.GSM7, 1, "c", 0, 0, state
    )
    return MessageView(message, None, None, None, None)


def told(answer):
    assert answer.content_type == JSON
    return answer.status, json.loads(answer.body)


def error(answer, status, containing=""):
    assert answer.status == status
    body = json.loads(answer.body)
    assert set(body) == {"name", "message", "code", "status"}
    assert body["code"] == body["status"] == status
    assert body["name"] and containing in body["message"]

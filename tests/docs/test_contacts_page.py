"""The examples of docs/contacts.md are asked in order, and answered as the page says."""

import csv
import json
import re
import shlex
from pathlib import Path

from tests.northbound.harness import Client

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contacts.md"
BLOCK = re.compile(r"^```(sh|json|csv)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def asked(client, line, files):
    """What a curl line gets."""
    words = shlex.split(line)
    assert words[0] == "curl"
    method, headers, body, url = None, {}, b"", None
    place = 1
    while place < len(words):
        word = words[place]
        if word in ("-u", "-H", "-d", "-X", "--data-binary"):
            place += 1
            value = words[place]
        if word == "-H":
            name, _, content = value.partition(": ")
            headers[name.lower()] = content
        elif word == "-d":
            body, method = value.encode(), method or "POST"
        elif word == "--data-binary":
            body, method = files[value.removeprefix("@")], method or "POST"
        elif word == "-X":
            method = value
        elif word != "-u":
            url = word
        place += 1
    return client.ask(method or "GET", url.removeprefix("https://HOST"), body, headers)


def test_the_examples():
    client = Client()
    files, reply, answers, requests = {}, None, 0, 0
    for kind, text in BLOCK.findall(PAGE.read_text()):
        if kind == "sh":
            for line in text.replace("\\\n", " ").strip().split("\n"):
                reply = asked(client, line, files)
                requests += 1
                assert reply.status in (200, 201, 202), (line, reply.body)
        elif kind == "json":
            assert reply.json == json.loads(text)
            answers += 1
        elif "shoe size" in text:
            files["contacts.csv"] = text.encode()
        else:
            assert list(csv.reader(reply.body.decode().splitlines())) == list(csv.reader(text.splitlines()))
            answers += 1
    assert (requests, answers) == (12, 8)
    group, template = client.gateway.submissions
    assert [(item.dest, item.text) for item in group.items] == [
        ("+306912345678", "We open at ten"),
        ("+447700900123", "We open at ten"),
    ]
    [item] = template.items
    assert item.text in PAGE.read_text()
    assert item.text == "Hello Maria, your code is 123456"


def test_what_the_page_says_of_names_and_of_a_formula():
    client = Client()
    client.ask("PUT", "/v1/contacts/306912345678", {"first_name": "Maria", "comments": "=1+1"})
    exported = client.ask("GET", "/v1/contacts/export").body.decode()
    assert "'=1+1" in exported
    sent = client.send()
    shown = client.ask("GET", f"/v1/messages/{sent.json['messages'][0]['id']}").json
    assert shown["name"] == "Maria"


def test_the_request_for_a_sender_in_the_overview():
    text = (PAGE.parent / "api.md").read_text()
    [(line, answer)] = re.findall(
        r"^```sh\n(curl.*/v1/senders)\n```\n\n```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    )
    line = "curl" + line.rpartition("curl")[2]
    reply = asked(Client(), line.replace("\\\n", " "), {})
    assert (reply.status, reply.json) == (201, json.loads(answer))

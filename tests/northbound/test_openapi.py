"""The document is valid, is what is in docs/, and names what the table and the types have."""

import json
import subprocess
import sys
from pathlib import Path

import openapi_spec_validator
import pytest

from smsgwd.model.message import PUBLIC_STATES
from smsgwd.model.refusals import Refusal
from smsgwd.northbound.book_routes import BOOK_ROUTES
from smsgwd.northbound.markdown import errors_markdown
from smsgwd.northbound.openapi import openapi_bytes, openapi_document
from smsgwd.northbound.routes import MESSAGE_ROUTES, ROUTES
from tests.northbound.harness import Client

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_valid_openapi_3_1():
    document = json.loads(openapi_bytes())
    assert document["openapi"] == "3.1.0"
    openapi_spec_validator.validate(document)


@pytest.mark.parametrize(
    ("name", "content"), [("openapi.json", openapi_bytes()), ("errors.md", errors_markdown().encode())]
)
def test_the_copy_in_docs_is_up_to_date(name, content):
    assert (ROOT / "docs" / name).read_bytes() == content, "run scripts/gen_api_docs.py"


def test_the_generator_says_the_same():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "gen_api_docs.py", "--check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_route_is_there_with_its_errors():
    paths = openapi_document()["paths"]
    assert sum(len(methods) for methods in paths.values()) == len(ROUTES)
    send = paths["/v1/messages"]["post"]
    assert sorted(send["responses"]) == [
        "202", "400", "401", "403", "408", "409", "413", "415", "422", "429", "431", "500", "503",
    ]  # fmt: skip
    assert "`no_credit`" in send["responses"]["422"]["description"]
    assert "Retry-After" in send["responses"]["429"]["headers"]
    assert paths["/openapi.json"]["get"]["security"] == []


def test_every_code_is_there():
    codes = openapi_document()["x-error-codes"]
    assert set(codes) == {refusal.code for refusal in Refusal}
    assert all(f"`{refusal.code}`" in errors_markdown() for refusal in Refusal)


def test_states_and_required_fields():
    schemas = openapi_document()["components"]["schemas"]
    assert schemas["Message"]["properties"]["state"]["enum"] == list(PUBLIC_STATES)
    assert schemas["SendRequest"]["required"] == []
    assert schemas["SendRequest"]["allOf"] == [
        {"oneOf": [{"required": ["text"]}, {"required": ["template"]}]},
        {"anyOf": [{"required": ["to"]}, {"required": ["to_group"]}]},
    ]
    assert schemas["SendRequest"]["additionalProperties"] is False
    assert {"id", "to", "from", "state", "error"} <= set(schemas["Message"]["required"])


def test_every_documented_status_is_one_its_codes_have():
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    named = response["description"].split("Codes: ")[1].split("`")[1::2]
                    assert named
                    assert {BY_CODE[name].http for name in named} == {int(status)}


BY_CODE = {refusal.code: refusal for refusal in Refusal}


def test_the_examples_for_people_work():
    client = Client()
    for route in (*MESSAGE_ROUTES, *BOOK_ROUTES):
        if route.body is not None:
            body = route.example.removeprefix("-d '").removesuffix("'").encode()
            path = route.path.replace("{name}", "vip").replace("{number}", "+306912345678")
            assert client.ask(route.method, path, body).status == route.status, route.label

"""The address book's pages, over the real API."""

from __future__ import annotations

import pytest

from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown

MARIA = {"number": "+306912345678", "first_name": "Maria", "last_name": "Pappa", "country": "gr"}
THERE = "/contacts/%2B306912345678"


def stand(*numbers: str, scopes: tuple[str, ...] = ()) -> RealTenants:
    made = RealTenants(scopes=scopes)
    for number in numbers:
        made.client.ask("POST", "/v1/contacts", {"number": number, "first_name": f"N{number[-2:]}"})
    return made


def test_an_empty_book_says_what_to_do() -> None:
    page = text_of(stand().get("/contacts"))
    assert "No contacts yet." in page and "Import a file" in page


def test_a_contact_is_added_shown_changed_and_removed() -> None:
    made = stand()
    assert made.done("/contacts/new", MARIA) == f"/ui{THERE}"
    page = made.get(THERE)
    assert "Maria Pappa" in page and 'value="GR"' in page
    assert f'href="/ui{THERE}">Maria Pappa</a>' in made.get("/contacts")
    made.done(THERE, {"first_name": "Anna", "country": "cy"})
    kept = made.client.ask("GET", "/v1/contacts/306912345678").json
    assert (kept["first_name"], kept["last_name"], kept["country"]) == ("Anna", "", "CY")
    assert made.done(f"{THERE}/remove") == "/ui/contacts"
    assert made.ask("GET", THERE).status == 404


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"number": "12"}, 422, "a phone number has 7 to 15 digits"),
        ({"number": "+306912345678", "country": "Greece"}, 422, "country"),
        ({"number": "+306900000001"}, 409, "already"),
    ],
)
def test_what_the_api_refuses_comes_back_with_the_form(fields: dict[str, str], status: int, said: str) -> None:
    made = stand("+306900000001")
    page = shown(made.post("/contacts/new", {**fields, "comments": "typed just now"}), status)
    assert said in text_of(page) and f'value="{fields["number"]}"' in page and "typed just now" in page


def test_a_refused_change_comes_back_too() -> None:
    made = stand(MARIA["number"])
    page = shown(made.post(THERE, {"first_name": "x" * 101, "last_name": "typed"}), 422)
    assert "first_name" in text_of(page) and 'value="typed"' in page


def test_the_list_is_filtered_and_turned() -> None:
    made = stand(*(f"+3069000000{n:02}" for n in range(60)), "+447700900123")
    first = made.get("/contacts?q=%2B3069")
    assert "N49" in first and "N50" not in first and "N23" in first
    assert made.asked[0] == ("GET /contacts", {"q": ["+3069"], "limit": ["50"]}, b"")
    more = first.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = made.get(more.removeprefix("/ui"))
    assert "N50" in second and "N49" not in second and 'rel="prev"' in second and 'rel="next"' not in second
    assert 'href="/ui/contacts?q=%2B3069"' in second


def test_typing_brings_the_rows_alone() -> None:
    made = stand("+306900000001", "+447700900123")
    rows = made.get("/contacts?q=44", hx_request="true")
    assert "<html" not in rows and "N23" in rows and "N01" not in rows
    assert "Nobody is found." in made.get("/contacts?q=99", hx_request="true")
    assert made.ask("GET", "/contacts?q=x", hx_request="true").status == 422


def test_a_group_is_a_filter_and_a_contact_joins_it() -> None:
    made = stand("+306912345678", "+447700900123")
    made.client.ask("POST", "/v1/groups", {"name": "v&p"})
    made.done(f"{THERE}/group", {"group": "v&p"})
    page = made.get("/contacts?group=v%26p")
    assert "N78" in page and "N23" not in page and "<option selected>v&amp;p</option>" in page


def test_names_are_text() -> None:
    made = stand()
    made.client.ask("POST", "/v1/groups", {"name": "<b>"})
    fields = dict.fromkeys(("first_name", "last_name", "address", "comments"), EVIL)
    made.client.ask("POST", "/v1/contacts", {"number": "+306912345678", **fields, "email": EVIL})
    for page in (made.get("/contacts"), made.get(THERE)):
        assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page and "<option><b>" not in page


def test_a_file_is_taken_in_and_what_is_refused_is_told() -> None:
    made = stand()
    made.client.ask("POST", "/v1/groups", {"name": "vip"})
    file = f"number,first_name,{EVIL}\n+306912345679,Nikos,1\nnobody{EVIL},X,2\n".encode()
    page = shown(made.sent("/contacts/import", {"group": "vip"}, "file", file))
    text = text_of(page)
    assert "1 taken" in text and "1 refused" in text and "digits only" in text
    assert "<script>alert" not in page and page.count("&lt;script&gt;") >= 2
    members = made.client.ask("GET", "/v1/groups/vip/members").json["members"]
    assert [member["name"] for member in members] == ["Nikos"]


def test_vcards_are_known_by_their_beginning() -> None:
    made = stand()
    card = b"\xef\xbb\xbf\r\nbegin:vcard\r\nVERSION:3.0\r\nN:Maier;Anna;;;\r\nTEL:+436641234567\r\nEND:VCARD\r\n"
    assert "1 taken" in text_of(shown(made.sent("/contacts/import", {}, "file", card)))
    assert made.client.ask("GET", "/v1/contacts/436641234567").json["name"] == "Anna Maier"


def test_a_file_that_is_none_is_refused() -> None:
    made = stand()
    page = shown(made.sent("/contacts/import", {}, "file", b"name\nx\n"), 422)
    assert 'role="alert"' in page and 'type="file"' in page


@pytest.mark.parametrize(
    ("form", "kind", "begin"), [("csv", "text/csv", b"number,"), ("vcard", "text/vcard", b"BEGIN")]
)
def test_the_book_is_a_file(form: str, kind: str, begin: bytes) -> None:
    made = stand("+306912345678")
    answer = made.ask("GET", f"/contacts/export?format={form}")
    headers = dict(answer.headers)
    assert headers["Content-Type"].startswith(kind) and "attachment" in headers["Content-Disposition"]
    assert answer.body.startswith(begin) and b"306912345678" in answer.body


def test_a_credential_without_the_scope_sees_nothing_of_it() -> None:
    made = stand(scopes=("send",))
    made.answers["GET /balance"] = None
    assert made.ask("GET", "/contacts").status == 403 and made.ask("GET", "/contacts/export").status == 403
    assert "/ui/contacts" not in made.get("/")
    assert made.names() == []

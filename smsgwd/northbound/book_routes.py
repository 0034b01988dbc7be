"""The endpoints of the address book: contacts, groups, templates, senders, opt-outs."""

from __future__ import annotations

from typing import Any

from smsgwd.model.refusals import Refusal
from smsgwd.northbound.book_transfer import CSV_TYPE, VCARD_TYPE
from smsgwd.northbound.book_types import (
    NAME_PATTERN,
    Changed,
    ContactAnswer,
    ContactFields,
    ContactList,
    GroupAnswer,
    GroupFields,
    GroupList,
    ImportAnswer,
    MemberList,
    MembersAnswer,
    NewContact,
    NewGroup,
    NewMembers,
    NewOptOut,
    NewSender,
    NewTemplate,
    OptOutList,
    Removed,
    SenderAnswer,
    SenderList,
    TemplateAnswer,
    TemplateFields,
    TemplateList,
)
from smsgwd.northbound.route import BODY, COMMON, Parameter, Route, limit_parameter

_NAME: dict[str, Any] = {"type": "string", "pattern": NAME_PATTERN}
_CURSOR = Parameter(
    "cursor",
    "query",
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{6,400}$"},
    "`next_cursor` of the page before.",
)
_BEGINNING = Parameter(
    "q", "query", {"type": "string", "pattern": "^(\\+|00)?[0-9]{0,15}$"}, "Only numbers that begin so."
)
_GROUP = Parameter("group", "query", _NAME, "Only members of this group.")
_INTO = Parameter("group", "query", _NAME, "Make them members of this group, too.")
_FORMAT = Parameter("format", "query", {"type": "string", "enum": ["csv", "vcard"], "default": "csv"}, "Of the file.")


def _slot(name: str, text: str) -> Parameter:
    schema = {"type": "string", "minLength": 1, "maxLength": 40} if name == "number" else _NAME
    return Parameter(name, "path", schema, text)


_NUMBER = _slot("number", "The number (write + as it is or as %2B).")
_GET = (*COMMON, Refusal.NO_SUCH)
_LIST = COMMON
_NEW = (*COMMON, *BODY, Refusal.EXISTS)
_PUT = (*COMMON, *BODY)


def _listed(noun: str, operation: str, answer: type, scope: str, *more: Parameter, example: str = "") -> Route:
    """GET of a page."""
    return Route(
        "GET",
        f"/v1/{noun}",
        operation,
        f"List {noun}",
        "",
        200,
        (answer,),
        (*_LIST, Refusal.NO_SUCH) if more else _LIST,
        (*more, _CURSOR, limit_parameter(noun)),
        example=example,
        scope=scope,
        tag=noun,
    )


def _one(method: str, noun: str, summary: str, text: str, answer: type, body: type | None = None, **more: Any) -> Route:
    """GET, PUT or DELETE of one by its name."""
    slot = "number" if noun in ("contacts", "optouts") else "name"
    errors: tuple[Refusal, ...] = _GET if body is None else _PUT
    if body is not None and slot == "number":
        errors = (*errors, Refusal.INVALID_RECIPIENT)
    parameter = _NUMBER if slot == "number" else _slot("name", f"The name of the {noun.removesuffix('s')}.")
    operation = f"{method.lower()}_{noun.removesuffix('s')}"
    path = f"/v1/{noun}/{{{slot}}}"
    return Route(method, path, operation, summary, text, 200, (answer,), errors, (parameter,), body, tag=noun, **more)


_MEMBERS = "/v1/groups/{name}/members"
_OF = _slot("name", "The name of the group.")

BOOK_ROUTES = (
    _listed("contacts", "list_contacts", ContactList, "contacts", _BEGINNING, _GROUP, example="'?q=3069'"),
    Route(
        "POST",
        "/v1/contacts",
        "add_contact",
        "Put a person into the address book",
        "409 when the number is there; to replace it, PUT.",
        201,
        (ContactAnswer,),
        (*_NEW, Refusal.INVALID_RECIPIENT),
        (),
        NewContact,
        example='-d \'{"number": "+306912345678", "first_name": "Maria"}\'',
        scope="contacts",
        tag="contacts",
    ),
    Route(
        "POST",
        "/v1/contacts/import",
        "import_contacts",
        "Take in a file of contacts",
        "CSV with a header line (`number`, `first_name`, `last_name`, `email`, `address`, `country`, `comments`), or "
        "vCards 2.1, 3.0 or 4.0; up to 10,000. Contacts with the same numbers are replaced. A line that is refused "
        "stops no other. "
        "After a failure the same file may be sent again.",
        200,
        (ImportAnswer,),
        (*_PUT, Refusal.NO_SUCH),
        (_INTO,),
        example="--data-binary @contacts.csv",
        scope="contacts",
        takes=(CSV_TYPE, VCARD_TYPE),
        tag="contacts",
    ),
    Route(
        "GET",
        "/v1/contacts/export",
        "export_contacts",
        "The whole address book as a file",
        "By number; up to 100,000 contacts. The vCards are of version 3.0.",
        200,
        (),
        COMMON,
        (_FORMAT,),
        example="'?format=vcard'",
        scope="contacts",
        gives=(CSV_TYPE, VCARD_TYPE),
        tag="contacts",
    ),
    _one("GET", "contacts", "Show a contact", "", ContactAnswer, scope="contacts"),
    _one(
        "PUT",
        "contacts",
        "Make or replace a contact",
        "Fields that are not given are empty then.",
        ContactAnswer,
        ContactFields,
        example='-d \'{"first_name": "Maria"}\'',
        scope="contacts",
    ),
    _one("DELETE", "contacts", "Remove a contact", "From all groups, too.", Removed, scope="contacts"),
    _listed("groups", "list_groups", GroupList, "contacts"),
    Route(
        "POST",
        "/v1/groups",
        "add_group",
        "Make a group",
        "",
        201,
        (GroupAnswer,),
        _NEW,
        (),
        NewGroup,
        example='-d \'{"name": "vip"}\'',
        scope="contacts",
        tag="groups",
    ),
    _one("GET", "groups", "Show a group", "", GroupAnswer, scope="contacts"),
    _one(
        "PUT",
        "groups",
        "Make or replace a group",
        "Its members stay.",
        GroupAnswer,
        GroupFields,
        example='-d \'{"comments": "Best customers"}\'',
        scope="contacts",
    ),
    _one("DELETE", "groups", "Remove a group", "With its members; contacts stay.", Removed, scope="contacts"),
    Route(
        "GET",
        _MEMBERS,
        "list_members",
        "List the members of a group",
        "",
        200,
        (MemberList,),
        _GET,
        (_OF, _BEGINNING, _CURSOR, limit_parameter("members")),
        scope="contacts",
        tag="groups",
    ),
    Route(
        "POST",
        _MEMBERS,
        "add_members",
        "Put numbers into a group",
        "Numbers are refused one by one. They need not be contacts.",
        200,
        (MembersAnswer,),
        (*_PUT, Refusal.NO_SUCH),
        (_OF,),
        NewMembers,
        example='-d \'{"numbers": ["+306912345678"]}\'',
        scope="contacts",
        tag="groups",
    ),
    Route(
        "DELETE",
        _MEMBERS + "/{number}",
        "delete_member",
        "Take a number out of a group",
        "",
        200,
        (Removed,),
        _GET,
        (_OF, _NUMBER),
        scope="contacts",
        tag="groups",
    ),
    _listed("templates", "list_templates", TemplateList, "templates"),
    Route(
        "POST",
        "/v1/templates",
        "add_template",
        "Keep a text with placeholders",
        "",
        201,
        (TemplateAnswer,),
        _NEW,
        (),
        NewTemplate,
        example='-d \'{"name": "welcome", "text": "Hello {first_name}, your code is {code}"}\'',
        scope="templates",
        tag="templates",
    ),
    _one("GET", "templates", "Show a template", "", TemplateAnswer, scope="templates"),
    _one(
        "PUT",
        "templates",
        "Make or replace a template",
        "",
        TemplateAnswer,
        TemplateFields,
        example='-d \'{"text": "Your code is {code}"}\'',
        scope="templates",
    ),
    _one("DELETE", "templates", "Remove a template", "", Removed, scope="templates"),
    _listed("senders", "list_senders", SenderList, "senders"),
    Route(
        "POST",
        "/v1/senders",
        "add_sender",
        "Ask for a sender",
        "The operator approves or refuses it; `details` is what they need to know.",
        201,
        (SenderAnswer,),
        (*_NEW, Refusal.INVALID_SENDER),
        (),
        NewSender,
        example='-d \'{"name": "MyShop", "details": {"company": "My Shop Ltd"}}\'',
        scope="senders",
        tag="senders",
    ),
    Route(
        "DELETE",
        "/v1/senders/{name}",
        "delete_sender",
        "Take a request for a sender back",
        "Also one that was refused, to ask again; 409 for one that is approved.",
        200,
        (Removed,),
        (*_GET, Refusal.TOO_LATE),
        (Parameter("name", "path", {"type": "string", "minLength": 1, "maxLength": 21}, "The sender."),),
        scope="senders",
        tag="senders",
    ),
    _listed("optouts", "list_optouts", OptOutList, "contacts"),
    Route(
        "POST",
        "/v1/optouts",
        "add_optout",
        "Send nothing to a number any more",
        "",
        200,
        (Changed,),
        (*_PUT, Refusal.INVALID_RECIPIENT),
        (),
        NewOptOut,
        example='-d \'{"number": "+306912345678"}\'',
        scope="contacts",
        tag="optouts",
    ),
    _one("DELETE", "optouts", "Allow messages to a number again", "", Removed, scope="contacts"),
)

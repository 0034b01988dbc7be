"""What the address book's endpoints take and answer: contacts, groups, templates, senders, opt-outs."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from smsgwd.northbound.answers import Time

MAX_NAME = 64
MAX_MEMBERS = 1000  #: numbers in one request
MAX_DETAILS = 30
#: Of groups and templates: no slash (it parts paths), no dot first (a path of dots is something else), no controls.
NAME_PATTERN = r"^[^./\u0000-\u001f\u007f][^/\u0000-\u001f\u007f]{0,63}$"
COUNTRY_PATTERN = "^([A-Z]{2})?$"

Name = Annotated[
    str, Meta(min_length=1, max_length=MAX_NAME, extra_json_schema={"pattern": NAME_PATTERN}, examples=["vip"])
]
Number = Annotated[str, Meta(max_length=40, description="In international form.", examples=["+306912345678"])]
_NO_NUL = {"pattern": r"^[^\u0000]*$"}
Long = Annotated[str, Meta(max_length=1000)]
#: Of contacts: a file of them could not hold U+0000.
ShortLine = Annotated[str, Meta(max_length=100, extra_json_schema=_NO_NUL)]
LongLine = Annotated[str, Meta(max_length=1000, extra_json_schema=_NO_NUL)]
Country = Annotated[
    str, Meta(max_length=2, extra_json_schema={"pattern": COUNTRY_PATTERN}, description="ISO 3166, two letters.")
]
Cursor = Annotated[str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")]


class ContactFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is known of a person."""

    first_name: ShortLine = ""
    last_name: ShortLine = ""
    email: Annotated[str, Meta(max_length=254, extra_json_schema=_NO_NUL)] = ""
    address: LongLine = ""
    country: Country = ""
    comments: LongLine = ""


class NewContact(ContactFields, kw_only=True):
    """A person with a number."""

    number: Number


class ContactAnswer(msgspec.Struct, frozen=True, gc=False):
    """A person in the address book."""

    number: Annotated[str, Meta(description="As it was written.")]
    name: Annotated[str, Meta(description="First and last name, as histories show it.")]
    first_name: str
    last_name: str
    email: str
    address: str
    country: str
    comments: str
    updated_at: Time


class ContactList(msgspec.Struct, frozen=True, gc=False):
    """A page of contacts, by number."""

    contacts: list[ContactAnswer]
    next_cursor: Cursor


class RefusedLine(msgspec.Struct, frozen=True, gc=False):
    """A line that was not taken."""

    line: Annotated[int, Meta(description="In the file, from 1; of a vCard its first line.")]
    number: str
    code: str
    detail: str


class ImportAnswer(msgspec.Struct, frozen=True, gc=False):
    """What became of an import."""

    taken: Annotated[int, Meta(description="Contacts that are in the book now.")]
    refused: list[RefusedLine]
    ignored: Annotated[list[str], Meta(description="Columns that mean nothing here.")]


class GroupFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a group says of itself."""

    comments: Long = ""


class NewGroup(GroupFields, kw_only=True):
    """A group of numbers."""

    name: Name


class GroupAnswer(msgspec.Struct, frozen=True, gc=False):
    """A group."""

    name: str
    comments: str
    updated_at: Time


class GroupList(msgspec.Struct, frozen=True, gc=False):
    """A page of groups, by name."""

    groups: list[GroupAnswer]
    next_cursor: Cursor


class NewMembers(msgspec.Struct, forbid_unknown_fields=True):
    """Numbers for a group; they need not be contacts."""

    numbers: Annotated[list[Number], Meta(min_length=1, max_length=MAX_MEMBERS)]


class RefusedNumber(msgspec.Struct, frozen=True, gc=False):
    """A number that was not taken."""

    number: str
    code: str
    detail: str


class MembersAnswer(msgspec.Struct, frozen=True, gc=False):
    """What became of new members."""

    taken: Annotated[int, Meta(description="Numbers that are in the group now.")]
    refused: list[RefusedNumber]


class Member(msgspec.Struct, frozen=True, gc=False):
    """A number in a group."""

    number: str
    name: Annotated[str, Meta(description="Of the contact; empty when it is none.")]


class MemberList(msgspec.Struct, frozen=True, gc=False):
    """A page of a group's members, by number."""

    members: list[Member]
    next_cursor: Cursor


class TemplateFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a template says."""

    text: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=40_000,
            description="With placeholders such as `{name}`; `{{` and `}}` are braces.",
            examples=["Hello {name}"],
        ),
    ]
    comments: Long = ""


class NewTemplate(TemplateFields, kw_only=True):
    """A text by name."""

    name: Name


class TemplateAnswer(msgspec.Struct, frozen=True, gc=False):
    """A template."""

    name: str
    text: str
    comments: str
    placeholders: list[str]
    updated_at: Time


class TemplateList(msgspec.Struct, frozen=True, gc=False):
    """A page of templates, by name."""

    templates: list[TemplateAnswer]
    next_cursor: Cursor


class NewSender(msgspec.Struct, forbid_unknown_fields=True):
    """A sender that is asked for."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=21,
            description="Up to 11 ASCII letters, digits and signs, or up to 15 digits.",
            examples=["MyShop"],
        ),
    ]
    details: Annotated[
        dict[str, Annotated[str, Meta(max_length=1000)]],
        Meta(
            max_length=MAX_DETAILS,
            description="What the operator needs to know: company, website, purpose, ...; names up to 64 characters.",
            extra_json_schema={"propertyNames": {"maxLength": MAX_NAME, "minLength": 1}},
        ),
    ] = {}


class SenderAnswer(msgspec.Struct, frozen=True, gc=False):
    """A sender that was asked for."""

    name: str
    status: Literal["requested", "approved", "refused"]
    details: dict[str, str]
    reason: Annotated[str, Meta(description="Why it was refused.")]
    requested_at: Time
    decided_at: Time | None


class SenderList(msgspec.Struct, frozen=True, gc=False):
    """What may be sent under."""

    allowed: Annotated[list[str], Meta(description="Senders of the account; `*` stands for any.")]
    default: Annotated[str | None, Meta(description="The one that is used where a message names none.")]
    senders: Annotated[list[SenderAnswer], Meta(description="What was asked for, by name.")]
    next_cursor: Cursor


class NewOptOut(msgspec.Struct, forbid_unknown_fields=True):
    """A number that wants no messages."""

    number: Number


class OptOutAnswer(msgspec.Struct, frozen=True, gc=False):
    """A number that gets no messages."""

    number: str
    since: Time
    by: Annotated[str, Meta(description="The word it was asked with, or `operator`, or `api`.")]


class OptOutList(msgspec.Struct, frozen=True, gc=False):
    """A page of opt-outs, by number."""

    optouts: list[OptOutAnswer]
    next_cursor: Cursor


class Changed(msgspec.Struct, frozen=True, gc=False):
    """Whether a request changed anything; asking again does no harm."""

    changed: bool


class Removed(msgspec.Struct, frozen=True, gc=False):
    """How much was removed."""

    removed: int

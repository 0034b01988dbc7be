"""The settings of a tenant as a form has them: which there are, how they are written and read.

A setting of the tenants file more (config/tenants.py) becomes one line here; a test says which are missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from smsgwd.console.forms import Form
from smsgwd.console.words import N_


class Setting(msgspec.Struct, frozen=True):
    """One. `kind`: text, money, number, yes, list (words with commas), prices (a choice of lists)."""

    name: str
    label: str
    help: str = ""
    kind: str = "text"
    fixed: bool = False  #: it is said when the tenant is made, and never again


class Group(msgspec.Struct, frozen=True):
    """Settings under a heading."""

    text: str
    settings: tuple[Setting, ...]


_MONEY: Final = Group(
    N_("Money"),
    (
        Setting("currency", N_("Currency"), N_("Three letters, such as EUR. It stays."), fixed=True),
        Setting("credit", N_("Prepaid credit"), N_("Empty: it pays afterwards."), "money", fixed=True),
        Setting("price", N_("Price of a part"), N_("Where neither its own prices nor its list say another."), "money"),
        Setting(
            "price_list", N_("Price list"), N_("Of its rates and the tenant's own the longest prefix counts."), "prices"
        ),
        Setting("lookup_price", N_("Price of a number looked up"), "", "money"),
        Setting(
            "credit_limit",
            N_("May owe"),
            N_("How far below nothing its balance may fall. Empty: prepaid not at all, else without limit."),
            "money",
        ),
        Setting(
            "refunds",
            N_("Paid back"),
            N_(
                "Final states that cost nothing although the message was sent: undelivered, expired, rejected, unknown."
            ),
            "list",
        ),
    ),
)
_SENDING: Final = Group(
    N_("Sending"),
    (
        Setting(
            "senders", N_("Senders it may use"), N_("* is any; empty: only approved ones and the default."), "list"
        ),
        Setting("default_sender", N_("Default sender"), N_("For APIs without one.")),
        Setting("throughput", N_("Parts a second, at most"), N_("0 is no limit."), "number"),
        Setting("destinations", N_("May send to"), N_("Prefixes or countries, such as GR, 357. Empty: all."), "list"),
        Setting(
            "barred", N_("May not send to"), N_("Prefixes or countries; the longest prefix that fits counts."), "list"
        ),
        Setting(
            "region", N_("Numbers without a country are of"), N_("A country such as GR. Empty: all are international.")
        ),
        Setting("strict_numbers", N_("Only numbers that numbering plans have"), "", "yes"),
        Setting(
            "duplicate_s",
            N_("Seconds in which the same text to the same number is refused"),
            N_("0 is never."),
            "number",
        ),
        Setting("device_fallback", N_("By the network where no phone has a route"), "", "yes"),
        Setting("link_days", N_("Days that its short links work"), N_("0 is for good."), "number"),
    ),
)
_RECEIPTS: Final = Group(
    N_("Receipts and texts"),
    (
        Setting("dlr_url", N_("Receipts go to"), N_("A URL, unless the message says another.")),
        Setting(
            "dlr_batch",
            N_("Receipts in one push, at most"),
            N_("1: each alone; with more the body is a list."),
            "number",
        ),
        Setting("texts_d", N_("Days until texts are emptied"), N_("Empty: as the configuration says."), "number"),
    ),
)
_ITSELF: Final = Group(
    N_("The tenant itself"),
    (
        Setting(
            "parent",
            N_("Reseller"),
            N_("The tenant above it, which pays what it spends, too, by its own prices."),
        ),
        Setting("time_zone", N_("Time zone"), N_("Such as Europe/Athens.")),
        Setting("language", N_("Language"), N_("Two letters, such as el: of texts that the gateway writes to it.")),
        Setting("allow", N_("Networks its SMPP binds may come from"), N_("Such as 192.0.2.0/24. Empty: any."), "list"),
    ),
)

GROUPS: Final = (_ITSELF, _MONEY, _SENDING, _RECEIPTS)
#: What `tenant set` takes and this form does not have: it has buttons of its own.
ELSEWHERE: Final = frozenset({"enabled"})


def written(setting: Setting, tenant: Mapping[str, Any]) -> str:
    """A setting as a field has it, from what `tenant show` says."""
    value = tenant["prices"].get("else") if setting.name == "price" else tenant.get(setting.name)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def changed(form: Form, settings: Iterable[Setting]) -> dict[str, Any]:
    """What a form says otherwise than it did when it was shown (`was-NAME`), as options of the tenants file. What
    somebody else changed meanwhile stays."""
    options: dict[str, Any] = {}
    for each in settings:
        text = form.get(each.name)
        if text != form.get(f"was-{each.name}"):
            options[each.name] = _read(each, text)
    return options


def _read(setting: Setting, text: str) -> Any:
    """What is typed, as the tenants file would have it; what is no number goes as it is, to be refused in words."""
    if setting.kind == "yes":
        return text == "yes"
    if setting.kind == "list":
        return [each for part in text.split(",") if (each := part.strip())]
    if setting.kind == "number":
        try:
            number = float(text)
        except ValueError:
            return text or None
        return int(number) if number.is_integer() else number
    return text or None


#: What one thinks of at once when a tenant is made; the others have their usual values.
_FIRST: Final = frozenset(
    {
        "currency",
        "credit",
        "price",
        "price_list",
        "credit_limit",
        "senders",
        "default_sender",
        "throughput",
        "region",
        "parent",
        "time_zone",
    }
)
FIRST_GROUPS: Final = tuple(
    Group(group.text, tuple(each for each in group.settings if each.name in _FIRST))
    for group in (_MONEY, _SENDING, _ITSELF)
)
#: What stands in the form of a new tenant.
FIRST_VALUES: Final = {"currency": "EUR", "senders": "*", "throughput": "0", "time_zone": "UTC"}


def filled_in(form: Form) -> dict[str, Any]:
    """The options of a new tenant. What is left empty is as usual, but for senders: there it means none."""
    settings = [each for group in FIRST_GROUPS for each in group.settings]
    return {
        each.name: _read(each, form.get(each.name)) for each in settings if form.get(each.name) or each.kind == "list"
    }

"""What a refusal in words means. SMS Club has no codes for these: its words are English, Russian or Ukrainian."""

from __future__ import annotations

import re
from typing import Final

from smsgwd.providers import Accepted, Outbound, Park, Permanent

_DUPLICATE = re.compile(r"\b453\b|duplic|same (?:text|message)|дубл|повтор", re.IGNORECASE)
_NO_FUNDS = re.compile(
    r"(?:not enough|insufficient|недостат\w*)\W+(?:\w+\W+)?(?:credit|balance|funds|money|средств|кошт|баланс)",
    re.IGNORECASE,
)
_SENDER = re.compile(r"src_addr|sender|originator|alpha|альфа|отправител|відправник", re.IGNORECASE)
_TEXT = re.compile(r"\bmessage\b|\btext\b|текст|сообщен|повідомлен|lifetime|integration_id", re.IGNORECASE)
_NUMBER = re.compile(r"phone|number|recipient|msisdn|номер|телефон|получател|одержувач", re.IGNORECASE)
_WRONG = re.compile(
    r"invalid|incorrect|wrong|not (?:a )?(?:valid|correct)|is no\b|\bdigits\b|\bbad\b|невер|невірн|некоррект|некорект",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"[0-9]{5,}")
_LONGEST: Final = 100
LONGEST: Final = 4000  #: characters of a reason that are looked at


def verdict_of(reason: str, code: str = "", quoted: str = "") -> Accepted | Park | Permanent:
    """What becomes of a message that was refused with these words; `code` is the provider's own where it has one.
    `quoted` is what the words may quote: the message's own text and sender must neither park the connector nor pass for
    taken.

    Of one that SMS Club has already there is no id. Only a number that nobody would take is refused for all ways:
    whatever else is wrong is wrong here.
    """
    if _DUPLICATE.search(reason) and not _DUPLICATE.search(quoted):
        return Accepted()
    if _NO_FUNDS.search(reason) and not _NO_FUNDS.search(quoted):
        return Park(shown(reason))
    words = shown(reason)
    bad_number = _NUMBER.search(reason) and _WRONG.search(reason) and not _SENDER.search(reason)
    return Permanent(code or words, words, scope="message" if bad_number else "connector")


def of(message: Outbound) -> str:
    """What a tenant wrote: a reason may quote it."""
    return f"{message.sender} {message.text}"


def about_all(reason: str) -> bool:
    """Whether a request is refused for what all its messages have in common; False where it may be for one number."""
    if _NUMBER.search(reason):
        return False
    return any(about.search(reason) for about in (_SENDER, _TEXT, _NO_FUNDS))


def shown(text: str) -> str:
    """A stranger's words, fit for people and logs: one short line without numbers that may be somebody's."""
    kept = "".join(char if char.isprintable() else " " for char in text[: 4 * _LONGEST])
    return _DIGITS.sub("*", " ".join(kept.split()))[:_LONGEST] or "refused"

"""What texts may be: a length, patterns that no text may match, and texts from templates only.

Patterns are RE2's (https://github.com/google/re2/wiki/Syntax): matching takes time linear in the text whatever the
pattern, so a tenant's own pattern cannot stop the gateway. Case does not count unless a pattern says `(?-i)`. What is
matched is the text in Unicode's NFKC form without invisible characters: a full-width or zero-width disguise does not
help; letters of another script that look alike do count as others (docs/content-rules.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from smsgwd.admission.literals import contains, literals_of
from smsgwd.admission.templates import TemplateMatcher, matcher
from smsgwd.model.records import ContentRule
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import ContentPolicy

LONGEST_PATTERN: Final = 1000  #: characters
LARGEST_PROGRAM: Final = 2_000  #: instructions of one pattern, as RE2 counts them
LARGEST_OWN: Final = 5_000  #: instructions of all patterns of a tenant's own: the worst texts take some 10 ms then
LARGEST_TOTAL: Final = 100_000  #: instructions of all patterns that count for one tenant
_MOST_GOOD: Final = 8  # texts remembered: one text often goes to many recipients
_LONGEST_GOOD: Final = 1_000  # characters of one that is remembered: at most 32 kB for all of them
_MEMORY: Final = 16 * 1024 * 1024  # bytes for the states of one matcher; beyond it RE2 starts them anew

#: Unicode's format characters (category Cf), variation selectors, the grapheme joiner and fillers.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


class _Pattern(Protocol):
    """What we use of a compiled pattern of RE2 (the package ships no types)."""

    @property
    def pattern(self) -> str: ...

    @property
    def programsize(self) -> int: ...

    def search(self, text: str) -> object: ...


class ContentRules:
    """The compiled rules of one tenant. They never change; texts that keep them are remembered for a while."""

    __slots__ = ("_any", "_good", "_literals", "_max_length", "_named", "_templates")

    def __init__(
        self, named: Sequence[tuple[str, _Pattern]], max_length: int, templates: TemplateMatcher | None
    ) -> None:
        """Of (name for people, pattern), a length in characters (0 = any) and what templates make (None = any)."""
        self._named = named
        self._any = _compiled("|".join(pattern.pattern for _, pattern in named)) if named else None
        self._literals = literals_of(pattern.pattern for _, pattern in named)
        self._max_length = max_length
        self._templates = templates
        self._good: dict[str, None] = {}

    def check(self, text: str) -> None:
        """Raise Refused(CONTENT_REFUSED) for a text that breaks a rule, naming the rule and nothing of the text."""
        if self._max_length and len(text) > self._max_length:
            raise Refused(
                Refusal.CONTENT_REFUSED, f"the text has {len(text)} characters; at most {self._max_length} are allowed"
            )
        if self._any is not None:
            self._check_patterns(text, self._any)
        if self._templates is not None and not self._templates.matches(text):
            raise Refused(Refusal.CONTENT_REFUSED, "the text comes from none of the tenant's templates")

    def _check_patterns(self, text: str, patterns: _Pattern) -> None:
        """Raise Refused where one of the patterns matches. RE2 is asked as seldom as can be (`admission.literals`)."""
        literals = self._literals
        is_plain = text.isascii()
        if literals is not None and is_plain and not contains(text, literals):
            return
        if text in self._good:
            return
        plain = text if is_plain else normalized(text)
        if (literals is None or is_plain or contains(plain, literals)) and patterns.search(plain) is not None:
            raise Refused(Refusal.CONTENT_REFUSED, f"the text matches {self._name(plain)}")
        if len(text) <= _LONGEST_GOOD:
            if len(self._good) == _MOST_GOOD:
                del self._good[next(iter(self._good))]
            self._good[text] = None

    def _name(self, plain: str) -> str:
        """What the first pattern that matches is called."""
        return next((name for name, pattern in self._named if pattern.search(plain) is not None), "a banned pattern")


def compile_content(
    rules: Iterable[ContentRule], policy: ContentPolicy | None, templates: Iterable[str]
) -> ContentRules | None:
    """What counts for one tenant, None when nothing does.

    Args:
        rules: the gateway's rules for this tenant (`ContentRule.tenants` has been looked at).
        policy: the tenant's own.
        templates: the texts of its templates; used with `policy.templates_only`.

    Raises Refused(INVALID) naming the rule whose pattern cannot be used.
    """
    wanted = [(f"the rule {rule.name!r}", rule.pattern) for rule in rules]
    of_gateway = len(wanted)
    if policy is not None:
        wanted += [(f"banned pattern {number} of the tenant", each) for number, each in enumerate(policy.banned, 1)]
    named = [(name, _pattern(each, name)) for name, each in wanted]
    sizes = [pattern.programsize for _, pattern in named]
    if sum(sizes[of_gateway:]) > LARGEST_OWN or sum(sizes) > LARGEST_TOTAL:
        raise Refused(Refusal.INVALID, "the banned patterns of one tenant are too large together")
    only = matcher(templates) if policy is not None and policy.templates_only else None
    max_length = 0 if policy is None else policy.max_length
    if not named and only is None and not max_length:
        return None
    return ContentRules(named, max_length, only)


def check_together(rules: Iterable[ContentRule]) -> None:
    """Raise Refused(INVALID) where the gateway's rules leave no room for all that a tenant may have of its own: no rule
    may take from a tenant that can send now the possibility to send."""
    sizes = (_pattern(rule.pattern, f"the rule {rule.name!r}").programsize for rule in rules)
    if sum(sizes) > LARGEST_TOTAL - LARGEST_OWN:
        raise Refused(Refusal.INVALID, "the rules of the gateway are too large together")


def checked_pattern(text: str) -> str:
    """The pattern as it is. Raises Refused(INVALID) saying why RE2 does not take it, or that it is too large."""
    _pattern(text, "the pattern")
    return text


def normalized(text: str) -> str:
    """The text in the form that patterns are matched with: NFKC, without characters that show nothing."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def _pattern(text: str, name: str) -> _Pattern:
    """A pattern compiled. Raises Refused(INVALID) naming it."""
    if not text:
        raise Refused(Refusal.INVALID, f"{name}: the pattern is empty")
    if len(text) > LONGEST_PATTERN:
        raise Refused(Refusal.INVALID, f"{name}: a pattern has at most {LONGEST_PATTERN} characters")
    import re2  # where the first pattern is compiled: with its libraries it is 2.4 MB, and most gateways have no rules

    try:
        written = unicodedata.normalize("NFC", text)
        _compiled(written)
        compiled = _compiled(f"(?:{written})")  # as it stands among others: an open \Q would reach into the next
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        said = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise Refused(Refusal.INVALID, f"{name}: RE2 does not take the pattern: {said}") from None
    except UnicodeEncodeError:
        raise Refused(Refusal.INVALID, f"{name}: the pattern is no Unicode text") from None
    if compiled.programsize > LARGEST_PROGRAM:
        raise Refused(Refusal.INVALID, f"{name}: the pattern is too large; use smaller repetitions")
    if compiled.search("") is not None:
        raise Refused(Refusal.INVALID, f"{name}: the pattern matches the empty text, so it would match every text")
    return compiled


def _compiled(pattern: str) -> _Pattern:
    """Compile for search, case-insensitively. Raises re2.error."""
    import re2  # as above

    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    options.never_capture = True
    compiled: _Pattern = re2.compile(pattern, options)
    return compiled

"""What comes with submissions, in a transaction: answers for repeated requests, used references, refusals, links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.links import Link
from smsgwd.store.embedded.bulk import Many
from smsgwd.store.embedded.transaction import Transaction
from smsgwd.store.rows import Answer

_ANSWER: Final = "SELECT digest, answer, refused, made_at FROM idempotency WHERE tenant = ? AND key = ?"
_PUT_ANSWER: Final = (
    "INSERT OR REPLACE INTO idempotency (tenant, key, digest, answer, refused, made_at) VALUES (?, ?, ?, ?, ?, ?)"
)
_USED: Final = Many(
    "WITH wanted (tenant, ref) AS (VALUES ",
    "(?, ?)",
    ") SELECT c.tenant, c.ref FROM wanted w CROSS JOIN client_ref c ON c.tenant = w.tenant AND c.ref = w.ref",
)
_USE: Final = Many("INSERT INTO client_ref (tenant, ref, message) VALUES ", "(?, ?, ?)")
_REFUSE: Final = Many("INSERT OR IGNORE INTO refusal (submission, dest, tenant, code) VALUES ", "(?, ?, ?, ?)")
_PUT_LINK: Final = Many(
    "INSERT INTO link (code, tenant, message, msisdn, url, made_at, expires_at, client_ref) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?)",
)
_encode = msgspec.json.encode
_refused_of = msgspec.json.Decoder(dict[int, str]).decode


class Submissions(Transaction):
    """A transaction that takes messages. See `smsgwd.store.work.Work`."""

    def answer_of(self, tenant: str, key: str) -> Answer | None:
        """What was kept for an idempotency key, however long ago."""
        found = self.connection.execute(_ANSWER, (tenant, key)).fetchone()
        if found is None:
            return None
        digest, answer, refused, made_at = found
        return Answer(digest, answer, _refused_of(refused), made_at)

    def keep_answer(self, tenant: str, key: str, answer: Answer) -> None:
        """Keep it, in the place of an earlier one."""
        values = (tenant, key, answer.digest, answer.answer, _encode(answer.refused), answer.made_at)
        self.connection.execute(_PUT_ANSWER, values)

    def refs_used(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these (tenant, reference) that were used."""
        found: set[Any] = set(_USED.find(self.connection, [word for pair in pairs for word in pair]))
        return found

    def use_refs(self, refs: Sequence[tuple[str, str, int]]) -> None:
        """These (tenant, reference, message) are used from now on."""
        _USE.run(self.connection, [value for ref in refs for value in ref])

    def keep_refusals(self, tenant: str, submission: int, refusals: Sequence[tuple[str, str]]) -> None:
        """Keep (recipient, code) of a submission; the first code of a recipient stands."""
        values: list[Any] = []
        for dest, code in refusals:
            values += (submission, dest, tenant, code)
        _REFUSE.run(self.connection, values)

    def keep_links(self, links: Iterable[Link], kept: Collection[int]) -> None:
        """Keep those links whose message is among `kept`.

        Raises sqlite3.IntegrityError for a code that there is already: the batch fails alone, and is made anew with
        other codes by whoever asked.
        """
        values: list[Any] = []
        for link in links:
            if link.message_id in kept:
                values += (link.code, link.tenant, link.message_id, link.msisdn)
                values += (link.url, link.made_at, link.expires_at, link.client_ref)
        _PUT_LINK.run(self.connection, values)

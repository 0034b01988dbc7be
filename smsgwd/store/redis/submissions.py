"""What comes with submissions: idempotency keys, references used once, refused recipients, tracked links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import msgspec

from smsgwd.model.links import Link
from smsgwd.store.redis.base import Base, Taken
from smsgwd.store.redis.kept import LinkRow, link_member, named
from smsgwd.store.redis.keys import id8
from smsgwd.store.redis.rows import RedisRow
from smsgwd.store.rows import Answer
from smsgwd.store.work import Work

_encode: Final = msgspec.msgpack.Encoder().encode


class _AnswerRow(msgspec.Struct, array_like=True, gc=False):
    digest: bytes
    answer: bytes
    refused: dict[int, str]
    made_at: int


class RefusedRow(msgspec.Struct, array_like=True, gc=False):
    """Row `rf:`: the refused recipients of a submission."""

    tenant: str
    codes: dict[str, str]  #: by recipient, in digits where it has any


_answer_of: Final = msgspec.msgpack.Decoder(_AnswerRow).decode
#: A row `rf:` of its value, and the value of one.
refused_of: Final = msgspec.msgpack.Decoder(RefusedRow).decode
refused_value: Final = _encode


def answer_of(value: bytes) -> Answer:
    """What the value of a row `i:` says."""
    row = _answer_of(value)
    return Answer(row.digest, row.answer, row.refused, row.made_at)


def answer_value(answer: Answer) -> bytes:
    """The value of a row `i:`."""
    return _encode((answer.digest, answer.answer, answer.refused, answer.made_at))


def answer_place(member: bytes) -> tuple[str, str]:
    """Tenant and key of a member of the index of answers."""
    tenant, _, key = member.decode().partition("\0")
    return tenant, key


class SubmissionWork(Base, Work):
    """What is new nearly always is taken to be so without asking: the commit finds out."""

    # -- idempotency -----------------------------------------------------------------------------------------------

    def answer_of(self, tenant: str, key: str) -> Answer | None:
        """See Work."""
        name = self.keys.answer(tenant, key)
        if self.tx.absent(name):
            return None
        found = self.tx.get(name)
        assert found is not None
        return answer_of(found)

    def keep_answer(self, tenant: str, key: str, answer: Answer) -> None:
        """See Work."""
        self.tx.put(self.keys.answer(tenant, key), answer_value(answer))
        self.tx.add(self.keys.answers, named(tenant, key), answer.made_at)

    def drop_answers(self, before: int, limit: int) -> int:
        """See Work. Another node may keep one anew at this moment: the commit finds out."""
        tx, index = self.tx, self.keys.answers
        old = [member for member, _ in tx.scored(index, "-inf", before - 1, limit)]
        names = [self.keys.answer(*answer_place(member)) for member in old]
        there = tx.pin(names)
        for member, name in zip(old, names, strict=True):
            tx.remove(index, member)
            if name in there:
                tx.delete(name)
        return len(there)

    # -- references ------------------------------------------------------------------------------------------------

    def refs_used(self, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """See Work."""
        absent, used_ref = self.tx.absent, self.keys.used_ref
        return {pair for pair in pairs if not absent(used_ref(*pair))}

    def use_refs(self, refs: Sequence[tuple[str, str, int]]) -> None:
        """See Work. Each goes with its message, which knows that it has one."""
        for tenant, ref, message_id in refs:
            self.tx.put(self.keys.used_ref(tenant, ref), id8(message_id))
            row = self.row(message_id)
            if isinstance(row, RedisRow):
                row.ref = ref
                self.changed(row)

    # -- refused recipients ----------------------------------------------------------------------------------------

    def keep_refusals(self, tenant: str, submission: int, refusals: Sequence[tuple[str, str]]) -> None:
        """See Work."""
        if not refusals:
            return
        name = self.keys.refused(submission)
        found = None if self.tx.absent(name) else self.tx.get(name)
        row = RefusedRow(tenant, {}) if found is None else refused_of(found)
        for dest, code in refusals:
            row.codes.setdefault(dest, code)
        self.tx.put(name, refused_value(row))
        self.tx.add(self.keys.refusals, id8(submission))

    # -- links -----------------------------------------------------------------------------------------------------

    def keep_links(self, links: Iterable[Link], kept: Collection[int]) -> None:
        """See Work. Raises Taken for a code that there is."""
        tx, keys = self.tx, self.keys
        for link in links:
            if link.message_id not in kept:
                continue
            name = keys.link(link.code)
            if not tx.absent(name):
                raise Taken(f"there is a link {link.code}")
            tx.put(name, LinkRow.of(link).pack())
            tx.add(keys.links(link.tenant), link_member(link.message_id, link.code))
            tx.add(keys.link_expiry, link.code.encode(), link.expires_at)

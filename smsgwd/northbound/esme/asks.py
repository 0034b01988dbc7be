"""Requests that become messages: many submit_sm at once, one data_sm, one submit_multi, one submit_sm that replaces.

An ask has its items; it is told the outcome of their submission, or the status that all of it is refused with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from smsgwd.model.submission import Entry, Item, Outcome
from smsgwd.northbound.esme.dialogue import Answer, Dialogue
from smsgwd.northbound.esme.times import Untranslatable
from smsgwd.smpp.constants import DATA_SM_RESP, SUBMIT_SM_RESP, VERSION_5_0
from smsgwd.smpp.fields import ListDestination, SmeDestination, Unsuccess
from smsgwd.smpp.pdu import SubmitMulti, SubmitMultiResp
from smsgwd.smpp.status import ESME_RINVDLNAME


class Ask(Protocol):
    """What waits for a submission."""

    @property
    def dialogue(self) -> Dialogue:
        """The bind it came on."""
        ...

    @property
    def items(self) -> list[Item]:
        """What is to be submitted."""
        ...

    def answered(self, outcome: Outcome) -> None:
        """The submission is durable; items of it may be refused."""
        ...

    def refused(self, status: int) -> None:
        """Nothing of it was taken."""
        ...


class BatchAsk:
    """Messages that are answered alike, one by one: the submit_sm of one read, or a data_sm."""

    __slots__ = ("command_id", "dialogue", "items", "sequences")

    def __init__(
        self, dialogue: Dialogue, sequences: list[int], items: list[Item], command_id: int = SUBMIT_SM_RESP
    ) -> None:
        self.dialogue = dialogue
        self.sequences = sequences
        self.items = items
        self.command_id = command_id  #: of the answers

    def split(self, count: int) -> BatchAsk:
        """Take the first `count` messages out of it, as an ask of their own."""
        first = BatchAsk(self.dialogue, self.sequences[:count], self.items[:count], self.command_id)
        del self.sequences[:count], self.items[:count]
        return first

    def answered(self, outcome: Outcome) -> None:
        """See Ask."""
        of = self.dialogue.statuses.of
        answers: list[Answer] = [
            (sequence, 0, b"%d" % entry.id)
            if entry.id is not None
            else (sequence, of(entry.error.code if entry.error is not None else ""), b"")
            for sequence, entry in zip(self.sequences, outcome.entries, strict=True)
        ]
        self.dialogue.answer(self.command_id, answers)

    def refused(self, status: int) -> None:
        """See Ask."""
        self.dialogue.answer(self.command_id, [(sequence, status, b"") for sequence in self.sequences])


class ReplacingAsk(BatchAsk):
    """One submit_sm with replace_if_present_flag (SMPP 3.4 s5.2.18): it may take the place of another message."""

    __slots__ = ()

    def replaced(self, entry: Entry) -> None:
        """It has."""
        self.answered(Outcome(0, [entry]))


def data_ask(dialogue: Dialogue, sequence: int, item: Item) -> BatchAsk:
    """A data_sm."""
    return BatchAsk(dialogue, [sequence], [item], DATA_SM_RESP)


class MultiAsk:
    """One submit_multi: an item for each address, all under the id of their submission.

    The answer lists those that were not taken; when none was, it is an error: the first one's.
    """

    __slots__ = ("_failed", "_sequence", "_taken", "dialogue", "items")

    def __init__(
        self, dialogue: Dialogue, pdu: SubmitMulti, found: Sequence[tuple[SmeDestination, Item | Untranslatable]]
    ) -> None:
        self.dialogue = dialogue
        self.items: list[Item] = []
        self._sequence = pdu.sequence
        self._taken: list[SmeDestination] = []
        self._failed = [
            Unsuccess(0, 0, dest.dl_name, ESME_RINVDLNAME)  # we keep no distribution lists
            for dest in pdu.dest_addresses
            if isinstance(dest, ListDestination)
        ]
        for dest, item in found:
            if isinstance(item, Untranslatable):
                self._failed.append(_unsuccess(dest, item.status))
            else:
                self._taken.append(dest)
                self.items.append(item)

    def answered(self, outcome: Outcome) -> None:
        """See Ask."""
        of = self.dialogue.statuses.of
        failed = list(self._failed)
        for dest, entry in zip(self._taken, outcome.entries, strict=True):
            if entry.error is not None:
                failed.append(_unsuccess(dest, of(entry.error.code)))
        if len(failed) == len(self._failed) + len(self._taken):
            self.refused(failed[0].status)
            return
        response = SubmitMultiResp(sequence=self._sequence, message_id=b"%d" % outcome.id, unsuccess_smes=tuple(failed))
        self._respond(response)

    def refused(self, status: int) -> None:
        """See Ask."""
        self._respond(SubmitMultiResp(sequence=self._sequence, status=status))

    def nothing_to_submit(self) -> bool:
        """True, and answered, when no address can be tried."""
        if self.items:
            return False
        self.refused(self._failed[0].status)
        return True

    def _respond(self, response: SubmitMultiResp) -> None:
        if self.dialogue.bind.version >= VERSION_5_0:
            response.tlvs = self.dialogue.congestion()
        self.dialogue.respond(response)


def _unsuccess(dest: SmeDestination, status: int) -> Unsuccess:
    return Unsuccess(dest.ton, dest.npi, dest.addr, status)

"""Which command_status a refusal is answered with: the catalogue's, or the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping

from smsgwd.model.refusals import BY_CODE, Refusal
from smsgwd.smpp.status import ESME_RSYSERR


class Statuses:
    """The statuses of one tenant; `overrides` is its `smpp_errors`, by code of docs/errors.md."""

    def __init__(self, overrides: Mapping[str, int]) -> None:
        self.by_code: dict[str, int] = {code: refusal.smpp for code, refusal in BY_CODE.items()}
        self.by_code.update(overrides)

    def of(self, code: str) -> int:
        """The status for a code; ESME_RSYSERR for one that nobody knows."""
        return self.by_code.get(code, ESME_RSYSERR)

    def of_refusal(self, refusal: Refusal, instead_of_unknown: int = 0) -> int:
        """The status for a refusal; `instead_of_unknown` stands for 'no such message' where no message_id was given."""
        if instead_of_unknown and refusal is Refusal.NOT_FOUND:
            return instead_of_unknown
        return self.of(refusal.code)

"""In which form an SMSC writes the ids of its receipts: learnt from those whose response is remembered.

Until it is learnt a receipt is matched in every form (`auto`), which for the number of one recipient can hit another
message: '4096' may stand for '1000', written in hexadecimal. So the sooner a form is known, the better.
"""

from __future__ import annotations

from smsgwd.delivery.correlation import candidates, canonical, same_number
from smsgwd.telemetry import get_logger

_REMEMBERED = 10_000  # ids of responses, at least: as many again at most
_ENOUGH = 10  # receipts that fit one form and no other
_WRONG = 20  # receipts in a row that fit only another form than the one learnt
_SILENT = (
    64  # receipts in a row that said nothing: from then on only one of _SAMPLE is weighed, until one says something
)
_SAMPLE = 16
_LEARNABLE = ("same", "response_hex", "response_dec")
_log = get_logger("southbound")


class IdForm:
    """The form of one account group; `configured` other than `auto` is never changed."""

    def __init__(self, group: str, configured: str) -> None:
        self.form = configured  #: one of correlation.FORMATS
        self._group = group
        self._learning = configured == "auto"
        # id → recipient, in two ages: to forget the oldest one by one costs a walk over those forgotten before it.
        self._given: dict[str, str] = {}
        self._given_before: dict[str, str] = {}
        self._votes = dict.fromkeys(_LEARNABLE, 0)
        self._wrong = 0
        self._silent = 0

    def given(self, smsc_id: str, msisdn: str) -> None:
        """A response had this id, for a message to this number."""
        if self._learning:
            given = self._given
            given[canonical(smsc_id)] = msisdn
            if len(given) >= _REMEMBERED:
                self._given_before, self._given = given, {}

    def seen(self, smsc_id: str, number: str) -> str:
        """A receipt has this id, and is about this number; the form to match it in."""
        if self._learning:
            own = canonical(smsc_id)
            if self.form == "same" and (own in self._given or own in self._given_before):
                self._wrong = 0
            else:
                # Receipts that come after more responses than are remembered say nothing, and may be all there are.
                self._silent += 1
                if self._silent <= _SILENT or not self._silent % _SAMPLE:
                    self._weigh(smsc_id, own, number)
        return self.form

    def _weigh(self, smsc_id: str, own: str, number: str) -> None:
        keys = {form: candidates(smsc_id, form)[0] for form in _LEARNABLE}
        fits = [form for form, key in keys.items() if self._fits(form, key, own, number)]
        if fits:
            self._silent = 0
        if self.form == "auto":
            # An id that reads alike in two forms says nothing.
            if len(fits) == 1:
                self._votes[fits[0]] += 1
                if self._votes[fits[0]] >= _ENOUGH and sum(self._votes.values()) == self._votes[fits[0]]:
                    self.form = fits[0]
                    _log.info("connector.id_form_learnt", group=self._group, form=self.form)
        elif self.form in fits:
            self._wrong = 0
        elif fits:
            self._wrong += 1
            if self._wrong >= _WRONG:  # it writes them in several forms: match in all of them, for good
                self.form = "auto"
                self._learning = False
                self._given = self._given_before = {}
                _log.info("connector.id_form_learnt", group=self._group, form=self.form)

    def _fits(self, form: str, key: str, own: str, number: str) -> bool:
        """True when the id read in this form is a response's; in another form the numbers must agree too."""
        msisdn = self._given.get(key) or self._given_before.get(key)
        if msisdn is None or form == "same":
            return msisdn is not None
        return key != own and same_number(number, msisdn)

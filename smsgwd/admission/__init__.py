"""Admission: whether an item of a submission may become a message, in which form and at which price.

Pure rules: values in, an `Admitted` out or `Refused` raised; no I/O, no clock (now is passed in), no other stage.

To change what counts as a phone number, edit `numbers.py`, and of national and strict ones `plans.py`; which country
a number is in, `countries.py`; where a tenant may send, `destinations.py`; what a sender may look like and who may
use it, `senders.py`; what countries take as one, `sender_rules.py`; what an ESME's octets may be, `raw.py`; which
texts are refused, `content.py` and `templates.py`; which of them cannot match a pattern, `literals.py`; what is
remembered of messages, `duplicates.py` and `flood.py`; schedule and validity, `times.py`; when people are left alone,
`quiet.py`; the order of the checks, `admit.py`. Price tables are values: `smsgwd.model.prices`.
"""

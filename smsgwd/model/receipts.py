"""A receipt as correlation sees it, whatever carried it."""

import msgspec

from smsgwd.model.message import State


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """One delivery receipt for one part. Times are milliseconds since 1970, UTC."""

    group: str  #: SMSC account group: ids are unique within it, whichever bind the receipt came on
    smsc_id: str  #: as the SMSC wrote it
    state: State | None  #: a final state; None for an intermediate receipt
    received_at: int
    status: str = ""  #: the SMSC's own word, such as DELIVRD
    error: str = ""  #: the SMSC's own error code
    done_at: int | None = None
    msisdn: str = ""  #: digits of the receipt's source address: confirms a match of an id in another form
    connector: str = ""
    id_format: str = "auto"  #: how ids of responses and receipts differ: see `delivery.correlation`

"""Sans-IO SMPP 3.4 (3.3 and 5.0 peers tolerated): octets and ticks in, events and octets out.

What lives here: the numbers (constants, status, tags), the declarations of every PDU and TLV and the codec driven by
them, framing, one Session class for both roles, receipts, address typing. What may not: Twisted, sockets, clocks,
threads, storage, logging, and any vendor's quirk (those are values given by the caller). Nothing outside this package
and the standard library is imported.

Theory of operation. `Framer` cuts octets into frames; `codec.decode` makes a frame a PDU: requests strictly (a PduError
carries the exact status to answer with), responses leniently. `Session.receive` obeys session_table.py: it answers
what protocol alone can answer (enquire_link, unbind, anything illegal or malformed) and reports the rest as events.
Whatever the session wants to write waits in `data_to_send()`, whatever it waits for has a time in `wake_at()`.

To change what one of these is, edit that:
    a PDU's fields, or a PDU to add     pdu.py (and list it in tables.py)
    a TLV                               tags.py, tlv.py
    a number of the standard            constants.py; of command_status status.py
    how octets become a PDU             codec.py; a frame framing.py
    what is legal in which state        session_table.py
    what a session does                 session.py; bind, unbind, enquire_link link.py; unanswered requests window.py
    what a session reports              events.py; what it raises errors.py
    TON and NPI                         address.py
    where a message's octets are        message.py
    a time or limit                     config.py, timers.py
    how a kind of field reads           fields.py; fast.py holds the hot PDUs a second time, tests keep both equal
    a stat word of receipts             receipt_text.py
    what is read of most receipts       outcome.py; receipt.py reads the others, tests keep both equal
    what people see of a PDU            text.py
    what is composed by the thousand    composed.py, fast.message_id_responses
"""

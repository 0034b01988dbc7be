"""Messages of subscribers (mobile originated): whom they are for, what their parts say together, STOP and START.

Pure rules: values in, values out; no I/O, no clock. What may not live here: PDUs of an SMSC (southbound), the way to a
tenant (northbound for ESMEs, notify for URLs), the store, the waiting for missing parts (`app.mo_desk`).

To change X, edit Y:

- who gets what: `routes`
- how a keyword or a STOP word is compared with what was typed: `words`
- how parts are told and joined: `parts`
"""

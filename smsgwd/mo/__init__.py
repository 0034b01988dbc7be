"""Messages of subscribers (mobile originated): whom they are for.

Pure rules: values in, values out; no I/O, no clock. What may not live here: PDUs of an SMSC (southbound), the way to a
tenant (northbound for ESMEs, notify for URLs), the store.

To change which account gets what, edit `routes.py`.
"""

"""Provider styles: how each speaks to its customers, one file a style.

Lives here: what a request of a style asks for and how an answer or a callback of it is written. Pure: values in, values
out; times are passed in with their zone. What may not: HTTP, limits that need memory (the edges), which tenant it is.

What every style can do is in `dialect.py`; what it sees of HTTP, `http.py`; what it may ask of the gateway and gets for
it, `commands.py`; which one a request is for, `mounts.py`; which there are, `registry.py`. To add one, edit that, its
section in `smsgwd/config/model/dialects.py` and its page in docs/dialects.

To change what a style says, edit the files that bear its name. Ardary: `ardary.py`, its contacts `ardary_contacts.py`,
errors `ardary_errors.py`, callbacks `ardary_events.py`. iSMS: `isms.py`, what its calls mean `isms_calls.py`, SOAP
`isms_soap.py` with `isms_envelope.py` and `isms_wsdl.py`. SMSAdvert: `smsadvert.py`, its fields `smsadvert_fields.py`,
error texts `smsadvert_texts.py`. SMS Club: `smsclub.py`, its gateways `smsclub_json.py`, `smsclub_http.py` and
`smsclub_xml.py`, what they share `smsclub_rules.py`. SMSPresto: `smspresto.py`, requests `smspresto_form.py`. Kannel:
`kannel.py`, requests `kannel_fields.py`, escapes of a dlr-url `kannel_escapes.py` (iSMS has them, too), Kannel's words
for a command_status `kannel_statuses.py`. Jasmin:
`jasmin.py`, REST `jasmin_rest.py`, requests `jasmin_fields.py`, what they come to `jasmin_message.py`, answers
`jasmin_answers.py`, callbacks `jasmin_receipts.py`.
What several share: forms and queries as octets, `form.py`; in parts, `multipart.py`; a client's callback URL,
`callback_url.py`; octets that are sent as they stand, `raw_parts.py`.
"""

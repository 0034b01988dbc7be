"""Loaded by schemathesis: what the document allows is never refused for its shape."""

import schemathesis
from schemathesis.core.failures import Failure
from schemathesis.generation import GenerationMode

#: A cursor of the right form that we never gave out is refused too, and so is a text that is no file of contacts, and a
#: template's placeholder without a value; no schema can say that.
_EXPECTED = (
    "cursor",
    "CSV",
    "vCard",
    "VCARD",
    "placeholder",
    "format=csv",
    "from_date: ",
    # of keys and callbacks: which fields go together, times, networks, URLs, codes, and what an account has not
    "name:",
    "allow",
    "expires_at:",
    "_url:",
    "code:",
    "one of ids",
    "to:",
    "from:",
    "from, to:",
    "nothing is to be changed",
    "credentials at most",
)


@schemathesis.check
def allowed_means_taken(ctx, response, case):
    """422 of a schema-valid request is about its meaning (no such route, no credit), never `invalid` or `malformed`."""
    meta = case.meta
    if meta is None or meta.generation.mode is not GenerationMode.POSITIVE or response.status_code not in (400, 422):
        return
    document = response.json()
    if document["code"] in ("invalid", "malformed") and not any(word in document["detail"] for word in _EXPECTED):
        raise Failure(
            operation=case.operation.label,
            title="Refused for its shape though the document allows it",
            message=f"{document['code']}: {document['detail']}",
        )

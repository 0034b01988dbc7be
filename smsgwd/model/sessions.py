"""Sessions of people who are logged in at the console."""

import msgspec


class Session(msgspec.Struct, frozen=True, gc=False):
    """Somebody who is logged in. Times are milliseconds since 1970, UTC."""

    face: str  #: operators, tenants
    tenant: str  #: '' of an operator
    who: str  #: name of the operator, user name of the credential
    fingerprint: str  #: of the credential it began with
    csrf: str  #: what forms of its pages have
    begun_at: int
    seen_at: int
    address: str
    agent: str  #: what the browser says that it is

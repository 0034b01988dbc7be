"""The headers by which a tenant knows a push: Standard Webhooks 1.0 (webhook-id, -timestamp, -signature)."""

import hashlib
from base64 import b64decode
from binascii import b2a_base64
from functools import lru_cache

_PREFIX = "whsec_"
_BLOCK = 64  # octets of a SHA-256 block


class BadSecretError(ValueError):
    """A signing secret that is not 'whsec_' and base64; the text does not quote it."""


class Key:
    """A signing key: HMAC-SHA256 (RFC 2104) with both pads hashed once, since `hmac.digest` looks its algorithm up in
    OpenSSL at every call, which costs more than the hashing."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        block = (secret if len(secret) <= _BLOCK else hashlib.sha256(secret).digest()).ljust(_BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = hashlib.sha256(bytes(octet ^ 0x5C for octet in block))

    def sign(self, data: bytes) -> bytes:
        """The signature of `data` as the header has it: 'v1,' and base64."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return b"v1," + b2a_base64(outer.digest(), newline=False)


@lru_cache(maxsize=4096)
def keys_of(secrets: tuple[str, ...]) -> tuple[Key, ...]:
    """The keys of a tenant's secrets, the current one first. Raises BadSecretError, also when there is none."""
    if not secrets:
        raise BadSecretError("the tenant has no signing secret")
    keys = []
    for secret in secrets:
        text = secret.removeprefix(_PREFIX)
        try:
            key = b64decode(text + "=" * (-len(text) % 4), validate=True)
        except ValueError:
            raise BadSecretError("a signing secret is not 'whsec_' followed by base64") from None
        if text == secret or not key:
            raise BadSecretError("a signing secret is not 'whsec_' followed by base64")
        keys.append(Key(key))
    return tuple(keys)


def id_of(outbox_id: int) -> str:
    """`webhook-id` of an item, the same in every attempt."""
    return f"msg_{outbox_id}"


def batch_id_of(first: int, count: int) -> str:
    """`webhook-id` of `count` receipts in one request, `first` being the outbox id of the first."""
    return f"batch_{first}_{count}"


def header_lines(
    webhook_id: str, now_s: int, body: bytes, keys: tuple[Key, ...], content_type: bytes = b"application/json"
) -> bytes:
    """All headers of one attempt at `now_s` (seconds since 1970), as lines for `HttpClient.post_to`.

    `webhook_id` depends on what is pushed alone, so it is the same in every attempt; the signature covers id, time of
    the attempt and body, once with each key, separated by spaces.
    """
    name = webhook_id.encode("ascii")
    signed = b"%b.%d.%b" % (name, now_s, body)
    signature = keys[0].sign(signed) if len(keys) == 1 else b" ".join([key.sign(signed) for key in keys])
    return b"content-type: %b\r\nwebhook-id: %b\r\nwebhook-timestamp: %d\r\nwebhook-signature: %b\r\n" % (
        content_type,
        name,
        now_s,
        signature,
    )

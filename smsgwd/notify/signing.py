"""The headers by which a tenant knows a push: Standard Webhooks 1.0 (webhook-id, -timestamp, -signature)."""

import hmac
from base64 import b64decode, b64encode
from functools import lru_cache

_PREFIX = "whsec_"


class BadSecretError(ValueError):
    """A signing secret that is not 'whsec_' and base64; the text does not quote it."""


@lru_cache(maxsize=4096)
def keys_of(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
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
        keys.append(key)
    return tuple(keys)


def headers_of(outbox_id: int, now_s: int, body: bytes, keys: tuple[bytes, ...]) -> dict[str, str]:
    """All headers of one attempt at `now_s` (seconds since 1970).

    `webhook-id` depends on the item alone, so it is the same in every attempt; the signature covers id, time of the
    attempt and body, once with each key, separated by spaces.
    """
    message_id = f"msg_{outbox_id}"
    signed = f"{message_id}.{now_s}.".encode("ascii") + body
    if len(keys) == 1:
        signature = "v1," + b64encode(hmac.digest(keys[0], signed, "sha256")).decode("ascii")
    else:
        signature = " ".join("v1," + b64encode(hmac.digest(key, signed, "sha256")).decode("ascii") for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(now_s),
        "webhook-signature": signature,
    }

"""Checking Standard Webhooks 1.0 signatures, written from the specification and not from our own signer."""

import base64
import binascii
import hashlib
import hmac

_PREFIX = "whsec_"
TOLERANCE_S = 300.0


class SignatureError(ValueError):
    """The push is not signed, or not with our secret, or too long ago."""


class Verifier:
    """Checks pushes against one secret."""

    def __init__(self, secret: str) -> None:
        """Take a secret as tenants have it, 'whsec_' and base64. Raises ValueError when it is not."""
        try:
            self._key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the secret is not 'whsec_' followed by base64") from None

    def verify(self, webhook_id: str, timestamp: bytes, signatures: bytes, body: bytes, now: float) -> None:
        """Check one push; `now` is wall clock in seconds since 1970. Raises SignatureError.

        `signatures` may hold several 'v1,<base64>' separated by spaces (rotation): one that fits is enough.
        """
        if not webhook_id or not timestamp.isdigit():
            raise SignatureError("webhook-id or webhook-timestamp is missing")
        if abs(now - int(timestamp)) > TOLERANCE_S:
            raise SignatureError("webhook-timestamp is too far from now")
        signed = b"%s.%s.%s" % (webhook_id.encode("latin-1"), timestamp, body)
        wanted = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest())
        for entry in signatures.split():
            version, _, signature = entry.partition(b",")
            if version == b"v1" and hmac.compare_digest(signature, wanted):
                return
        raise SignatureError("no signature fits")

"""Secrets: Argon2id PHC strings for passwords, keyed digests for tokens.

Argon2id with m = 19 MiB, t = 2, p = 1 (OWASP's first choice) takes about 25 ms of a core and releases the GIL: never
call `hash_secret` or `verify` on the reactor's thread. A token is long and random, so one keyed digest is enough and
it can be looked up.
"""

import hashlib

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY_KIB = 19 * 1024
ITERATIONS = 2
LANES = 1
HASH_BYTES = 32
SALT_BYTES = 16


def hash_secret(secret: str, salt: bytes) -> str:
    """The PHC string of a secret; `salt` is 16 fresh random bytes. Raises ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    kdf = Argon2id(salt=salt, length=HASH_BYTES, iterations=ITERATIONS, lanes=LANES, memory_cost=MEMORY_KIB)
    return kdf.derive_phc_encoded(secret.encode("utf-8", "surrogatepass"))


def verify(secret: str, phc: str) -> bool:
    """True when `phc` is the hash of `secret`; False also for a string that is no PHC string."""
    try:
        Argon2id.verify_phc_encoded(secret.encode("utf-8", "surrogatepass"), phc)
    except (InvalidKey, ValueError):
        return False
    return True


#: Verified against when a name is unknown, so that the answer takes the same time as for a known one. Of random bytes.
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$SEpSjf0abDnAYL/4Nnsa+Q$Gc8FImuLx4+vY6zzUx3dMcKl2HhR9jPabfkedHS9C0o"


def token_digest(secret: str, key: bytes) -> str:
    """The keyed BLAKE2b-256 (RFC 7693) of a token under the installation's key (1 to 64 octets), in hex.

    It is `Credential.name` of a token, so tokens are looked up by it, at every request that brings one.
    """
    return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), key=key, digest_size=32).hexdigest()

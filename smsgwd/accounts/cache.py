"""Good pairs of name and secret, remembered as keyed digests so that Argon2 runs once and not for every request."""

import hashlib
from collections import OrderedDict

#: What a pair is remembered under. It depends on a key made at each start, so a core dump gives nobody a digest to
#: look up in a table made before.
Digest = bytes


def pair_digest(key: bytes, kind: str, name: str, secret: str) -> Digest:
    """The keyed digest (BLAKE2b, 32 bytes) of a pair; `key` is 16 to 64 random bytes of this process."""
    hasher = hashlib.blake2b(key=key, digest_size=32)
    for field in (kind, name, secret):
        octets = field.encode("utf-8", "surrogatepass")
        hasher.update(len(octets).to_bytes(4, "big"))  # lengths first: ("ab", "c") is not ("a", "bc")
        hasher.update(octets)
    return hasher.digest()


class PairCache:
    """Digest of a good pair → the hash it was verified against; bounded, least recently used goes first.

    The caller looks for the credential that has that hash now: a changed, moved or removed credential makes the entry
    worthless at once, without anybody having to remember to clear it. `now` is monotonic seconds.
    """

    def __init__(self, lifetime_s: float, limit: int = 10_000) -> None:
        self._lifetime = lifetime_s
        self._limit = limit
        self._entries: OrderedDict[Digest, tuple[str, float]] = OrderedDict()

    def follow(self, lifetime_s: float) -> None:
        """Remember pairs for so long from now on; a shorter time holds for those that are known, too."""
        if lifetime_s < self._lifetime:
            self.clear()
        self._lifetime = lifetime_s

    def found(self, digest: Digest, now: float) -> str | None:
        """The hash this pair was found good against less than a lifetime ago; None when it is not known as good."""
        entry = self._entries.get(digest)
        if entry is None:
            return None
        if now >= entry[1]:
            del self._entries[digest]
            return None
        self._entries.move_to_end(digest)
        return entry[0]

    def forget(self, digest: Digest) -> None:
        """No credential has the hash any more that this pair was good against."""
        self._entries.pop(digest, None)

    def remember(self, digest: Digest, secret_hash: str, now: float) -> None:
        """This pair was found good against `secret_hash` at `now`."""
        if self._lifetime <= 0 or self._limit <= 0:
            return
        self._entries[digest] = (secret_hash, now + self._lifetime)
        self._entries.move_to_end(digest)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

"""The installation's secret keys, and what is derived from them: keys for token digests, a cipher for secrets at rest.

There may be several, newest first: the first one is used for what is new, all of them open what is old.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SEALED = "sealed:"
_SHORTEST = 16
_MOST_KEYS = 16  # each is tried for a token that nobody has


class KeyFileError(Exception):
    """The secret key cannot be had; the text is for the operator."""


def read_or_make(path: Path) -> bytes:
    """The text of a key file, which is made (32 random bytes, base64, mode 0600) when it is not there.

    Raises KeyFileError when it is empty, unreadable or cannot be made.
    """
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return _make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"the secret key {path} cannot be read: {error}") from None
    if len(text) < _SHORTEST:
        raise KeyFileError(f"the secret key {path} is too short: it needs {_SHORTEST} characters at least")
    return text.encode()


def keys_of(text: bytes) -> tuple[bytes, ...]:
    """The keys in a text: one a line, newest first. A single one is taken as it is, blanks around it and all.

    Raises KeyFileError for a line that is too short or there twice, and for too many.
    """
    keys = tuple(line.strip() for line in text.splitlines() if line.strip())
    if len(keys) <= 1:
        return (text,)
    if len(keys) > _MOST_KEYS:
        raise KeyFileError(
            f"there are {len(keys)} secret keys; {_MOST_KEYS} are the most: `secret retire` drops old ones"
        )
    for number, key in enumerate(keys, 1):
        if len(key) < _SHORTEST:
            raise KeyFileError(f"secret key {number} is too short: each line needs {_SHORTEST} characters at least")
        if key in keys[: number - 1]:
            raise KeyFileError(f"secret key {number} stands in a line before already")
    return keys


def new_key() -> bytes:
    """A fresh key: 32 random bytes, base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32))


def _make(path: Path) -> bytes:
    """A new key, durable before it is used: what is sealed with a key that is gone cannot be opened again.

    It gets its name when it is whole, so that a crash leaves no short key behind, and never takes another's place.
    """
    key = new_key()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:  # mode 0600
            file.write(key + b"\n")
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
        _sync_directory(path.parent)
    except FileExistsError:  # another node made it in this moment: one key for all
        return read_or_make(path)
    except OSError as error:
        raise KeyFileError(f"the secret key {path} cannot be made: {error}") from None
    return key


def write_keys(path: Path, keys: Sequence[bytes], expected: Sequence[bytes]) -> None:
    """Put these keys into a file, a line each, in one step: a crash leaves the old file or the new one, whole.

    Raises KeyFileError, the file being as it was, when it cannot be written, when it does not hold `expected` (another
    node or an administrator changed it), or when a key could not be read back from a line.
    """
    if any(key != key.strip() or len(key.splitlines()) != 1 for key in keys):
        raise KeyFileError(
            f"the secret key in {path} has blanks or line ends in it: it cannot stand in a line of several"
        )
    if keys_of(read_or_make(path)) != tuple(expected):
        raise KeyFileError(f"{path} was changed since it was read: restart, then do it again")
    try:
        there = path.stat()
        target = path.resolve()  # a link stays one
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{path.name}-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(b"".join(key + b"\n" for key in keys))
                os.fchmod(file.fileno(), there.st_mode & 0o640)  # what is new is not for everybody
                if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
                    with contextlib.suppress(PermissionError):  # only root may give a file away
                        os.fchown(file.fileno(), there.st_uid, there.st_gid)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        _sync_directory(target.parent)
    except OSError as error:
        raise KeyFileError(f"the secret key {path} cannot be written: {error}") from None


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


class Vault:
    """Derived keys; one purpose each (HKDF-SHA256), so that one cannot be used for the other's work.

    `token_keys` and `key_ids` go by the keys, newest first; an id tells keys apart and nothing else about them.
    """

    def __init__(self, *keys: bytes) -> None:
        """`keys`: newest first, one at least."""
        self._listeners: list[Callable[[Sequence[bytes]], object]] = []
        self.use(keys)

    def use(self, keys: Sequence[bytes]) -> None:
        """Have these keys from now on, and tell who listens."""
        assert keys, "a vault without a key opens nothing"
        self.keys = tuple(keys)
        self.token_keys = tuple(self._derive(key, b"smsgwd token digests") for key in self.keys)
        self.key_ids = tuple(self._derive(key, b"smsgwd key id")[:4].hex() for key in self.keys)
        ciphers = [Fernet(base64.urlsafe_b64encode(self._derive(key, b"smsgwd secrets at rest"))) for key in self.keys]
        self._ciphers = dict(zip(self.key_ids, ciphers, strict=True))
        self._cipher = MultiFernet(ciphers)
        for heard in self._listeners:
            heard(self.token_keys)

    def listen(self, heard: Callable[[Sequence[bytes]], object]) -> None:
        """Have `heard` called with the token keys, now and whenever they change."""
        self._listeners.append(heard)
        heard(self.token_keys)

    @property
    def token_key(self) -> bytes:
        """The key under which new tokens are known."""
        return self.token_keys[0]

    @property
    def key_id(self) -> str:
        """The id of the newest key."""
        return self.key_ids[0]

    @staticmethod
    def _derive(secret: bytes, purpose: bytes) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(secret)

    def seal(self, text: str) -> str:
        """Text encrypted for the store."""
        return _SEALED + self._cipher.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What `seal` was given; raises ValueError when the key is another one or the text was changed."""
        if not sealed.startswith(_SEALED):
            raise ValueError("this is no sealed secret")
        try:
            return self._cipher.decrypt(sealed[len(_SEALED) :].encode()).decode()
        except InvalidToken:
            raise ValueError("a secret at rest cannot be opened: was the secret key changed?") from None

    def sealed_under(self, sealed: str) -> str:
        """The id of the key that opens it, '' when none does. About 50 us a key."""
        text = sealed.removeprefix(_SEALED).encode()
        for key_id, cipher in self._ciphers.items():
            with contextlib.suppress(InvalidToken):
                cipher.decrypt(text)
                return key_id
        return ""

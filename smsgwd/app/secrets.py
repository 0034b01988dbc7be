"""The installation's secret key, and what is derived from it: a key for token digests, a cipher for secrets at rest."""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SEALED = "sealed:"


class KeyFileError(Exception):
    """The secret key cannot be had; the text is for the operator."""


def read_or_make(path: Path) -> bytes:
    """The key in a file, which is made (32 random bytes, base64, mode 0600) when it is not there.

    Raises KeyFileError when it is empty, unreadable or cannot be made.
    """
    try:
        text = path.read_text().strip()
    except FileNotFoundError:
        return _make(path)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"the secret key {path} cannot be read: {error}") from None
    if len(text) < 16:
        raise KeyFileError(f"the secret key {path} is too short: it needs 16 characters at least")
    return text.encode()


def _make(path: Path) -> bytes:
    """A new key, durable before it is used: what is sealed with a key that is gone cannot be opened again.

    It gets its name when it is whole, so that a crash leaves no short key behind, and never takes another's place.
    """
    key = base64.urlsafe_b64encode(secrets.token_bytes(32))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:  # mode 0600
            file.write(key + b"\n")
            file.flush()
            os.fsync(file.fileno())
            os.link(file.name, path)
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError:  # another node made it in this moment: one key for all
        return read_or_make(path)
    except OSError as error:
        raise KeyFileError(f"the secret key {path} cannot be made: {error}") from None
    return key


class Vault:
    """Derived keys; one purpose each (HKDF-SHA256), so that one cannot be used for the other's work."""

    def __init__(self, secret: bytes) -> None:
        self.token_key = self._derive(secret, b"smsgwd token digests")
        self._cipher = Fernet(base64.urlsafe_b64encode(self._derive(secret, b"smsgwd secrets at rest")))

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

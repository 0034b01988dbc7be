"""`secret show`, `rotate` and `retire`: the installation's keys for tokens and secrets at rest."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.ops.params import flag
from smsgwd.ops.registry import Command, CommandError, Parameter, Params


class SecretsError(CommandError):
    """The keys cannot be changed; the text is for the operator."""


class KeyUse(msgspec.Struct, frozen=True):
    """A key by its id, what it does (seals, opens, missing), and how many tokens and sealed secrets need it."""

    key: str
    use: str
    tokens: int
    sealed: int


class Keys(Protocol):
    """What the commands work on."""

    def show(self) -> Deferred[list[KeyUse]]:
        """The keys, newest first."""
        ...

    def rotate(self, key: str = "") -> Deferred[list[KeyUse]]:
        """A new key, or the one of an id, seals from now on; the keys then. Fails with SecretsError."""
        ...

    def retire(self, key: str, force: bool) -> Deferred[list[str]]:
        """Drop old keys; their ids. Fails with SecretsError."""
        ...


class Secrets:
    """Commands about the secret keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "secret",
                "show",
                "The secret keys by id, newest first, and how many tokens and sealed secrets need each",
                self._show,
                role="admin",
                examples=("secret show",),
            ),
            Command(
                "secret",
                "rotate",
                "Make a new secret key and seal everything with it; old keys stay until nothing needs them",
                self._rotate,
                (
                    Parameter(
                        "key", "Seal with the key of this id, which every node has already, and not with a new one"
                    ),
                ),
                changes=True,
                long=True,
                look=self._show,
                examples=("secret rotate", "secret rotate key=1f0c9a3e"),
            ),
            Command(
                "secret",
                "retire",
                "Drop the old secret keys that nothing needs any more",
                self._retire,
                (
                    Parameter("key", "Only the key of this id"),
                    Parameter("force", "yes = although tokens need it: they are unknown from then on", values="yes"),
                ),
                changes=True,
                long=True,
                look=self._show,
                examples=("secret retire", "secret retire key=1f0c9a3e force=yes"),
            ),
        ]

    def _show(self, params: Params) -> Deferred[Any]:
        return self._keys.show().addCallback(msgspec.to_builtins)

    def _rotate(self, params: Params) -> Deferred[Any]:
        return self._keys.rotate(params.get("key", "")).addCallback(msgspec.to_builtins)

    def _retire(self, params: Params) -> Deferred[Any]:
        return self._keys.retire(params.get("key", ""), flag(params, "force")).addCallback(
            lambda gone: {"retired": gone, "note": "" if gone else "every old key is still needed: see `secret show`"}
        )

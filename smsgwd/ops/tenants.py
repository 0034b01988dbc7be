"""`tenant webhook-secret`: what a tenant needs to verify its pushes."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.ops.registry import Command, CommandError, Parameter, Params


class Tenants:
    """Commands about tenants. `secrets` gives a tenant's signing secrets, the current one first, none if unknown."""

    def __init__(self, secrets: Callable[[str], tuple[str, ...]]) -> None:
        self._secrets = secrets

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "tenant",
                "webhook-secret",
                "The secret that signs a tenant's pushes (Standard Webhooks), to hand to the tenant",
                self._webhook_secret,
                (Parameter("id", "The tenant's id", required=True),),
            )
        ]

    def _webhook_secret(self, params: Params) -> dict[str, str]:
        secrets = self._secrets(params["id"])
        if not secrets:
            raise CommandError(f"there is no tenant {params['id']}")
        return {"tenant": params["id"], "webhook_secret": secrets[0]}

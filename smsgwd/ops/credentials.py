"""`credential list`, `add`, `rotate`, `expire`, `remove`, `totp-off`: how tenants log in. Secrets are shown once."""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import PASSWORD, SMPP, TOKEN, Directory
from smsgwd.accounts.usage import expired
from smsgwd.config.given import read_mapping
from smsgwd.model.records import TOTP, totp_key
from smsgwd.model.tenant import Credential
from smsgwd.ops.params import carried_out, moment, whole_number, with_midnight, word
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.records import Records
from smsgwd.ports.tenants import NewSecret, TenantDesk
from smsgwd.timespec import format_epoch_ms

_KINDS: Final = (PASSWORD, TOKEN, SMPP)
_DAY_S: Final = 86_400
_TENANT = Parameter("tenant", "Whose", required=True, values="tenant")
_KIND = Parameter("kind", "password, token or smpp", required=True, values="password|token|smpp")
_NAME = Parameter(
    "name", "User name or system_id; of a token its label, or its name as `credential list` shows it", True
)
_SERIAL = Parameter("serial", "Which secret of the name, if it has several; all if not given")
_NEW: Final = {PASSWORD: "username", SMPP: "system_id", TOKEN: "label"}
_TOKEN_SHOWN: Final = 12  # characters of a token's digest: enough to name it, of no use to log in


class Credentials:
    """Commands about credentials."""

    def __init__(self, directory: Directory, desk: TenantDesk, clock: Clock, records: Records) -> None:
        self._directory = directory
        self._desk = desk
        self._clock = clock
        self._records = records

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "credential",
                "list",
                "How a tenant logs in; never the secrets",
                self._list,
                (_TENANT,),
                examples=("credential list shop",),
            ),
            Command(
                "credential",
                "add",
                "Add a credential, or one more secret of a name; a secret that is made is shown once",
                self._add,
                parameters=(
                    _TENANT,
                    _KIND,
                    Parameter("name", "User name or system_id; label of a token"),
                    Parameter("secret", "The secret; made if not given"),
                    Parameter("expires_at", "When it ends (RFC 3339)"),
                    Parameter("scopes", "What it may be used for, with commas; everything if not given"),
                    Parameter("allow", "Networks it may be used from, with commas; any if not given"),
                    Parameter("label", "What its owner calls it"),
                    Parameter("json", "Further options in the shape of the tenants file: max_binds, window, ..."),
                ),
                changes=True,
                look=self._list,
                hides=("secret",),
                examples=("credential add shop smpp shop1 label=till", "credential add shop token label=website"),
            ),
            Command(
                "credential",
                "rotate",
                "A new secret, shown once; the old ones work a while still",
                self._rotate,
                (_TENANT, _KIND, _NAME, Parameter("grace_s", "Seconds that the old ones work; a day if not given")),
                changes=True,
                look=self._list,
                examples=("credential rotate shop smpp shop1 grace_s=3600",),
            ),
            Command(
                "credential",
                "expire",
                "Let a credential end at a time",
                self._expire,
                (_TENANT, _KIND, _NAME, _SERIAL, Parameter("at", "RFC 3339, `now` or `never`; now if not given")),
                changes=True,
                look=self._list,
                examples=("credential expire shop token website at=2026-12-31",),
            ),
            Command(
                "credential",
                "remove",
                "Remove a credential at once",
                self._remove,
                (_TENANT, _KIND, _NAME, _SERIAL),
                changes=True,
                look=self._list,
                examples=("credential remove shop password clerk",),
            ),
            Command(
                "credential",
                "totp-off",
                "Ask for no code from a phone any more beside a user name's passwords: its owner has lost it",
                self._totp_off,
                (_TENANT, Parameter("name", "User name", required=True)),
                changes=True,
                examples=("credential totp-off shop clerk",),
            ),
        ]

    def _list(self, params: Params) -> list[dict[str, Any]]:
        tenant = self._directory.tenant(params["tenant"])
        if tenant is None:
            raise CommandError(f"there is no tenant {params['tenant']}")
        now = self._clock.now_ms()
        return [shown(each, now) for each in tenant.credentials]

    def _add(self, params: Params) -> Deferred[dict[str, Any]]:
        kind = word(params, "kind", _KINDS)
        try:
            options = read_mapping(params["json"]) if "json" in params else {}
        except ValueError as error:
            raise CommandError(f"json: {error}") from None
        options["kind"] = kind
        for name in ("secret", "label"):
            if name in params:
                options[name] = params[name]
        if "expires_at" in params:
            options["expires_at"] = with_midnight(params["expires_at"])
        if kind != "token" and "name" not in params and _NEW[kind] not in options:
            raise CommandError(f"credential add needs the parameter name where kind is {kind}: what it logs in with")
        if "name" in params:
            options[_NEW[kind]] = params["name"]
        for name in ("scopes", "allow"):
            if name in params:
                options[name] = tuple(each.strip() for each in params[name].split(",") if each.strip())
        return carried_out(self._made(self._desk.add_credential(params["tenant"], options), "secret" not in options))

    def _rotate(self, params: Params) -> Deferred[dict[str, Any]]:
        grace_ms = whole_number(params, "grace_s", _DAY_S, 366 * _DAY_S) * 1000
        rotated = self._desk.rotate(params["tenant"], word(params, "kind", _KINDS), params["name"], grace_ms)
        return carried_out(self._made(rotated, True))

    async def _made(self, making: Deferred[NewSecret], ours: bool) -> dict[str, Any]:
        new = await making
        told = shown(new.credential, self._clock.now_ms())
        return {**told, "secret": new.secret} if ours else told

    def _expire(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        written = params.get("at", "now")
        if written == "now":
            at: int | None = self._clock.now_ms()
        else:
            at = None if written == "never" else moment(params, "at")
        kind, serial = word(params, "kind", _KINDS), _serial(params)
        return carried_out(self._told(self._desk.expire(params["tenant"], kind, params["name"], serial, at)))

    def _remove(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        kind, serial = word(params, "kind", _KINDS), _serial(params)
        return carried_out(self._removed(params["tenant"], kind, params["name"], serial))

    async def _removed(self, tenant: str, kind: str, name: str, serial: int | None) -> list[dict[str, Any]]:
        gone = await self._told(self._desk.remove(tenant, kind, name, serial))
        if kind == PASSWORD and not self._directory.claimed(kind, name):
            await self._records.drop(TOTP, tenant, totp_key(kind, name))  # codes go with the last secret of the name
        return gone

    def _totp_off(self, params: Params) -> Deferred[dict[str, Any]]:
        if self._directory.tenant(params["tenant"]) is None:
            raise CommandError(f"there is no tenant {params['tenant']}")
        return carried_out(self._without_codes(params["tenant"], params["name"]))

    async def _without_codes(self, tenant: str, name: str) -> dict[str, Any]:
        if not await self._records.drop(TOTP, tenant, totp_key(PASSWORD, name)):
            raise CommandError(f"no code is asked for with the user name {name} of tenant {tenant}")
        return {"tenant": tenant, "name": name, "totp": "off"}

    async def _told(self, changing: Deferred[list[Credential]]) -> list[dict[str, Any]]:
        now = self._clock.now_ms()
        return [shown(each, now) for each in await changing]


def shown(credential: Credential, now_ms: int) -> dict[str, Any]:
    """A credential for operators: what it is called and limited to."""
    ends = credential.expires_at
    return {
        "kind": credential.kind,
        "name": credential.name[:_TOKEN_SHOWN] if credential.kind == TOKEN else credential.name,
        "serial": credential.serial,
        "label": credential.label,
        "scopes": " ".join(credential.scopes) or "all",
        "allow": " ".join(credential.allow) or "any",
        "binds": credential.max_binds if credential.kind == SMPP else None,
        "created": format_epoch_ms(credential.created_at) if credential.created_at else None,
        "expires": None if ends is None else format_epoch_ms(ends),
        "live": not expired(credential, now_ms),
    }


def _serial(params: Params) -> int | None:
    return whole_number(params, "serial", 0) if "serial" in params else None

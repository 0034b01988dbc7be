"""How provider APIs treat one tenant, in the tenants file (docs/dialects/)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from pydantic import field_validator

from smsgwd.config.option import Section, option
from smsgwd.config.types import FrozenMap, no_entries

_PARAMETERS: Final = ("status", "sms", "link", "calls")
_PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}\Z", re.ASCII)


class ArdaryTenant(Section):
    """Ardary SMS and inSIM."""

    failures: bool = option("Its status callback tells of failures, too, as `failed`.", default=False)
    parameters: FrozenMap[str, str] = option(
        "Names of the parameter that its callbacks stand in, by what they tell of: `status`, `sms`, `link`, `calls`; "
        "those not given are called so.",
        default_factory=no_entries,
        example={"status": "calls", "sms": "calls"},
    )

    @field_validator("parameters")
    @classmethod
    def _names(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for event, name in value.items():
            if event not in _PARAMETERS:
                raise ValueError(f"'{event[:30]}' is none of {', '.join(_PARAMETERS)}")
            if _PARAMETER.match(name) is None:
                raise ValueError(f"'{name[:70]}' cannot be the name of a parameter: letters, digits, _ . - [ ]")
        return value


class SmsClubTenant(Section):
    """SMS Club."""

    base64: bool = option("Texts of its HTTP gateway are base64 of Windows-1251.", default=False)


class TenantDialects(Section):
    """What is special about one tenant in the provider APIs."""

    ardary: ArdaryTenant = option("Ardary SMS and inSIM.", default_factory=ArdaryTenant)
    smsclub: SmsClubTenant = option("SMS Club.", default_factory=SmsClubTenant)

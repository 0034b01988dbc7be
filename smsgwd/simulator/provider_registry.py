"""The providers that there are simulators of."""

from __future__ import annotations

from typing import Final

from smsgwd.simulator.provider_api import Api
from smsgwd.simulator.provider_ardary import Ardary
from smsgwd.simulator.provider_infobip import Infobip
from smsgwd.simulator.provider_isms import Isms
from smsgwd.simulator.provider_smsadvert import SmsAdvert
from smsgwd.simulator.provider_smsclub import SmsClub
from smsgwd.simulator.provider_smspresto import SmsPresto
from smsgwd.simulator.provider_twilio import Twilio
from smsgwd.simulator.provider_vonage import Vonage

_ALL: Final[tuple[type[Api], ...]] = (Isms, SmsClub, SmsPresto, SmsAdvert, Ardary, Twilio, Vonage, Infobip)
APIS: Final[dict[str, type[Api]]] = {api.NAME: api for api in _ALL}


def api_called(name: str) -> type[Api]:
    """The API of a name. Raises ValueError."""
    api = APIS.get(name)
    if api is None:
        raise ValueError(f"no provider '{name}'; there are: {', '.join(APIS)}")
    return api

"""What tenants see to themselves, wired: their credentials, where they are told, what they were pushed."""

from __future__ import annotations

from typing import Any

from smsgwd.app.core import Core
from smsgwd.app.outboxes import Outboxes
from smsgwd.app.own_changes import OwnChanges
from smsgwd.app.push_trial import PushTrial
from smsgwd.app.tenant_desk import TenantDesk
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.northbound.api import Family, OwnFamily
from smsgwd.northbound.callback_routes import CALLBACK_ROUTES, PUSH_ROUTES
from smsgwd.northbound.callbacks import CallbackSettings
from smsgwd.northbound.credential_routes import CREDENTIAL_ROUTES
from smsgwd.northbound.own_credentials import OwnCredentials
from smsgwd.northbound.pushes import OwnPushes


def own_families(core: Core, reactor: Any, http: LeanHttpClient, outboxes: Outboxes) -> list[Family | OwnFamily]:
    """The endpoints with their handlers. `http` is the client that pushes go by."""
    clock, directory = core.clock, core.tenancy.directory
    desk, changes = TenantDesk(core.tenancy, core.vault, clock), OwnChanges(core.store, clock)
    trial = PushTrial(reactor, clock, http, core.tenancy.secrets)
    credentials = OwnCredentials(directory, desk, core.totp, changes, clock)
    callbacks = CallbackSettings(directory, desk, trial, changes, clock)
    return [
        OwnFamily(CREDENTIAL_ROUTES, credentials.handlers()),
        OwnFamily(CALLBACK_ROUTES, callbacks.handlers()),
        (PUSH_ROUTES, OwnPushes(core.store, outboxes.look, clock).handlers()),
    ]

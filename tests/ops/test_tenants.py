import pytest

from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ops.tenants import Tenants

REGISTRY = Registry(Tenants(lambda tenant: {"demo": ("whsec_new", "whsec_old")}.get(tenant, ())).commands())


def test_the_current_secret_of_a_tenant():
    shown = REGISTRY.run("tenant", "webhook-secret", {"id": "demo"})
    assert shown == {"tenant": "demo", "webhook_secret": "whsec_new"}


def test_an_unknown_or_unnamed_tenant_is_said_to_be():
    with pytest.raises(CommandError, match="no tenant other"):
        REGISTRY.run("tenant", "webhook-secret", {"id": "other"})
    with pytest.raises(CommandError, match="needs the parameter id"):
        REGISTRY.run("tenant", "webhook-secret", {})

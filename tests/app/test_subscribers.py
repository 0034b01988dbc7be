"""Whom messages of subscribers are for."""

from smsgwd.accounts.directory import Directory
from smsgwd.app.subscribers import MoDesk
from smsgwd.mo.routes import MoRoutes, MoRule
from smsgwd.model.tenant import Credential, Tenant
from smsgwd.ports.mo import Addressee
from smsgwd.smpp.pdu import AlertNotification


def desk(alerts=None, there=True):
    directory = Directory([Tenant("shop", credentials=(Credential("smpp", "esme", "hash"),), enabled=there)])
    routes = MoRoutes([MoRule("esme", to=("123*",)), MoRule("gone", to=("9*",))])
    return MoDesk(
        routes, directory, lambda account, pdu: (alerts if alerts is not None else []).append(account) or True
    )


def test_the_account_of_the_route_with_its_tenant():
    assert desk().addressee("sim", "12345") == Addressee("shop", "esme")


def test_nobody_without_a_route_or_without_the_account():
    assert desk().addressee("sim", "555") is None
    assert desk().addressee("sim", "999") is None
    assert desk(there=False).addressee("sim", "12345") is None


def test_alerts_go_by_the_esme_address():
    alerts = []
    assert desk(alerts).alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"12345"))
    assert not desk(alerts).alert("sim", AlertNotification(source_addr=b"306912345678", esme_addr=b"777"))
    assert alerts == ["esme"]

"""Declared tenants as they are stored: secrets hashed, digested or sealed, the settings of their ESMEs with them."""

import pytest

from smsgwd.accounts.hashing import token_digest, verify
from smsgwd.app.bootstrap import stored_tenant
from smsgwd.app.secrets import Vault
from smsgwd.config import Tenant as DeclaredTenant
from smsgwd.model.tenant import DialectSettings, EsmeSettings

VAULT = Vault(b"the installation's secret key")


def stored(**members):
    credentials = members.pop("credentials", ())
    return stored_tenant(DeclaredTenant.model_validate({"id": "demo", "credentials": credentials, **members}), VAULT)


def test_what_a_tenant_is_created_with():
    tenant = stored(
        credit="1000.0000",
        price="0.0400",
        prices={"30": "0.0350"},
        senders=("iSMS",),
        throughput=70,
        allow=("192.0.2.0/24", "2001:db8::/32"),
        smpp_errors={"no_credit": 0x0400},
    )
    assert (tenant.credit, tenant.prices) == (1_000_000_000, (("", 40_000), ("30", 35_000)))
    assert (tenant.senders, tenant.throughput) == (("iSMS",), 70)
    assert tenant.allow == ("192.0.2.0/24", "2001:db8::/32")
    assert tenant.smpp_errors == {"no_credit": 0x0400} and type(tenant.smpp_errors) is dict
    assert VAULT.open(tenant.webhook_secret).startswith("whsec_")


def test_what_is_special_about_it_in_provider_apis():
    tenant = stored(
        dialects={"ardary": {"failures": True, "parameters": {"sms": "calls"}}, "smsclub": {"base64": True}}
    )
    assert tenant.dialects == DialectSettings(True, True, {"sms": "calls"})
    assert type(tenant.dialects.ardary_parameters) is dict
    for nothing in ({}, None, {"ardary": {}}, {"smsclub": {"base64": False}}):
        assert stored(dialects=nothing).dialects is None


def test_credentials_keep_no_secret():
    tenant = stored(
        credentials=(
            {"kind": "password", "username": "ann", "secret": "pass-secret"},
            {"kind": "token", "secret": "token-secret"},
            {"kind": "smpp", "system_id": "esme", "secret": "smppsecr", "max_binds": 3},
        )
    )
    password, token, smpp = tenant.credentials
    assert (password.kind, password.name) == ("password", "ann") and verify("pass-secret", password.secret_hash)
    assert (token.kind, token.name) == ("token", token_digest("token-secret", VAULT.token_key))
    assert (smpp.kind, smpp.name, smpp.max_binds) == ("smpp", "esme", 3) and verify("smppsecr", smpp.secret_hash)
    assert smpp.esme == EsmeSettings()
    for secret in ("pass-secret", "token-secret", "smppsecr"):
        assert secret not in repr(tenant)


def test_secrets_of_one_name_differ_in_their_serial():
    credentials = (
        {"kind": "password", "username": "login", "secret": "access key"},
        {"kind": "smpp", "system_id": "login", "secret": "bind"},
        {"kind": "password", "username": "login", "secret": "password"},
    )
    found = stored_tenant(DeclaredTenant.model_validate({"id": "t", "credentials": credentials}), VAULT).credentials
    assert [(each.kind, each.name, each.serial) for each in found] == [
        ("password", "login", 0),
        ("smpp", "login", 0),
        ("password", "login", 1),
    ]


def test_settings_of_an_esme():
    tenant = stored(
        credentials=(
            {
                "kind": "smpp",
                "system_id": "esme",
                "secret": "secret",
                "window": 25,
                "throughput": 70.5,
                "alphabet": "latin1",
                "receipts_by": "data_sm",
                "outbind": "esme.example:2775",
                "outbind_password": "callme",
            },
        )
    )
    esme = tenant.credentials[0].esme
    assert (esme.window, esme.throughput, esme.alphabet, esme.receipts_by) == (25, 70.5, "latin1", "data_sm")
    assert esme.outbind == "esme.example:2775"
    assert "callme" not in esme.outbind_password and VAULT.open(esme.outbind_password) == "callme"
    with pytest.raises(ValueError, match="secret key"):
        Vault(b"another installation's key").open(esme.outbind_password)

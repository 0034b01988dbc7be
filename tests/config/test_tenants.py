from pathlib import Path

import pytest

from smsgwd.accounts import directory
from smsgwd.config import ConfigErrors, Tenant, load_tenants
from smsgwd.config.checks import MOST_SECRETS


def tenants(directory: Path, text: str) -> tuple[Tenant, ...]:
    path = directory / "t.yaml"
    path.write_text(text, "utf-8")
    return load_tenants(path, {})


def complaints(directory: Path, text: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        tenants(directory, text)
    return [f"{error.line}: {error.key}: {error.message}" for error in caught.value.errors]


def test_defaults_are_postpaid_and_free(tmp_path: Path) -> None:
    (tenant,) = tenants(tmp_path, "tenants: [{id: t}]")
    assert tenant.credit is None
    assert (tenant.price, tenant.currency, tenant.time_zone, tenant.senders) == (0, "EUR", "UTC", ("*",))
    assert (tenant.webhook.url, tenant.callbacks.style, tenant.credentials) == (None, "native", ())


@pytest.mark.parametrize(
    ("written", "micro"),
    [
        ("'0.0400'", 40_000),
        ("0.0400", 40_000),
        ("1", 1_000_000),
        ("0.000001", 1),
        ("'999999999999.999999'", 10**18 - 1),
    ],
)
def test_money_is_exact_however_it_is_written(tmp_path: Path, written: str, micro: int) -> None:
    (tenant,) = tenants(tmp_path, f"tenants: [{{id: t, credit: {written}}}]")
    assert tenant.credit == micro


@pytest.mark.parametrize("written", ["-1", "1e3", "'1,5'", "0.0000001", "'1.'", "true", "[1]", "'١'", "1234567890123"])
def test_what_is_no_money(tmp_path: Path, written: str) -> None:
    (only,) = complaints(tmp_path, f"tenants: [{{id: t, price: {written}}}]")
    assert only.startswith("1: tenants[0].price: must be a decimal amount")


def test_prices_by_prefix(tmp_path: Path) -> None:
    (tenant,) = tenants(tmp_path, "tenants: [{id: t, prices: {30: '0.01', +4479: 0.05, '0049': 0.020}}]")
    assert dict(tenant.prices) == {"30": 10_000, "4479": 50_000, "0049": 20_000}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("prices: {abc: 1}", "prices: 'abc' is not a prefix"),
        ("prices: {30: 1, +30: 2}", "prices: prefix '30' is given twice"),
        ("price: 1000000.000001", "price: must be at most 1000000"),
        ("prices: {30: 999999999999}", "prices.30: must be at most 1000000"),
        ("prices: {30: x}", "prices.30: must be a decimal amount"),
        ("time_zone: Europe/Atlantis", "time_zone: 'Europe/Atlantis' is not a time zone"),
        ("time_zone: ../../etc/passwd", "time_zone: '../../etc/passwd' is not a time zone"),
        ("time_zone: Europe", "time_zone: 'Europe' is not a time zone"),
        ("senders: [abcdefghijklmnopqrstuvw]", "senders[0]: must be a sender of at most 21"),
        ("dlr_url: 'file:///etc/passwd'", "dlr_url: must be a URL"),
        ("dlr_url: 'http://a b'", "dlr_url: must be a URL"),
        ("webhook: {secret: whsec_abc}", "webhook.secret: must be 'whsec_' followed by 24 to 64 bytes in base64"),
        ("callbacks: {style: fancy}", "callbacks.style: must be one of native, ardary, not 'fancy'"),
        ("dialects: {ardary: {parameters: {call: x}}}",
         "dialects.ardary.parameters: 'call' is none of status, sms, link, calls"),
        ("dialects: {ardary: {parameters: {calls: 'a b'}}}",
         "dialects.ardary.parameters: 'a b' cannot be the name of a parameter"),
        ("dialects: {smspresto: {}}", "dialects.smspresto: unknown key 'smspresto'"),
        ("id2: x", "id2: unknown key 'id2' (did you mean 'id'?)"),
        ("throughput: fast", "throughput: must be a number, not 'fast'"),
        ("credentials: [{kind: password, username: 'a:b', secret: x}]",
         "credentials[0].username: does not have the form"),
        ("credentials: [{kind: password, username: a, secret: ''}]", "credentials[0].secret: must not be empty"),
        ("credentials: [{kind: smpp, system_id: a, secret: 123456789}]",
         "credentials[0].secret: is too long: at most 8 characters"),
        ("credentials: [{kind: smpp, system_id: abcdefghijklmnop, secret: x}]", "credentials[0].system_id: does not"),
        ("credentials: [{kind: token, secret: short}]", "credentials[0].secret: is too short: at least 8"),
        ("credentials: [{kind: oauth}]", "credentials[0]: kind must be one of password, token, smpp, not 'oauth'"),
        ("credentials: [{username: a}]", "credentials[0]: kind is required: password or token or smpp"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, fields: str, complaint: str) -> None:
    (only,) = complaints(tmp_path, f"tenants:\n  - id: t\n    {fields}\n")
    assert only.startswith(f"3: tenants[0].{complaint}")


def test_ids_and_logins_are_unique_over_all_tenants(tmp_path: Path) -> None:
    text = """\
tenants:
  - id: a
    credentials:
      - {kind: password, username: u, secret: x}
      - {kind: smpp, system_id: u, secret: x}
      - {kind: token, secret: token-one}
  - id: a
    credentials:
      - {kind: password, username: u, secret: y}
      - {kind: smpp, system_id: u, secret: y}
      - {kind: token, secret: token-one}
"""
    assert complaints(tmp_path, text) == [
        "7: tenants[1].id: tenant id 'a' is given twice (first on line 2)",
        "9: tenants[1].credentials[0].username: username 'u' is given twice (first on line 4)",
        "10: tenants[1].credentials[1].system_id: system_id 'u' is given twice (first on line 5)",
        "11: tenants[1].credentials[2].secret: this token is given twice (first on line 6)",
    ]


def test_a_name_may_have_several_secrets_of_one_tenant(tmp_path: Path) -> None:
    assert MOST_SECRETS == directory.MOST_SECRETS
    text = "tenants:\n  - id: a\n    credentials:\n"
    for kind in ("kind: password, username: u", "kind: smpp, system_id: u"):
        text += "".join(f"      - {{{kind}, secret: x{number}}}\n" for number in range(MOST_SECRETS))
    (only,) = tenants(tmp_path, text)
    assert len(only.credentials) == 2 * MOST_SECRETS
    assert complaints(tmp_path, text + "      - {kind: password, username: u, secret: y}\n") == [
        "14: tenants[0].credentials[10].username: username 'u' has more than 5 secrets (first on line 4)"
    ]


def test_a_good_webhook_secret(tmp_path: Path) -> None:
    text = "tenants: [{id: t, webhook: {url: 'https://x/y', secret: whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk=}}]"
    (tenant,) = tenants(tmp_path, text)
    assert tenant.webhook.secret is not None
    assert "whsec" not in repr(tenant)


def test_the_settings_of_a_business(tmp_path: Path) -> None:
    (tenant,) = tenants(
        tmp_path,
        """\
tenants:
  - id: shop
    parent: reseller
    credit_limit: 500
    price_list: wholesale
    lookup_price: 0.005
    refunds: [undelivered]
    region: GR
    destinations: [GR, 357, '+49']
    barred: ['3090']
    test_numbers: {306900000001: delivered, '+306900000002': expired}
    content: {max_length: 160, banned: [casino]}
    quiet: {hours: 21:00-08:00, days: [sat, sun], action: refuse, time_zone: Europe/Athens}
    flood: {prefix: 5, most: 10}
    credentials:
      - {kind: token, secret: demo-token, expires_at: '2027-01-31T00:00:00+02:00', scopes: [send], label: shop,
         allow: [192.0.2.0/24]}
""",
    )
    assert (tenant.parent, tenant.credit_limit, tenant.lookup_price) == ("reseller", 500_000_000, 5_000)
    assert tenant.destinations == ("GR", "357", "49")
    assert dict(tenant.test_numbers) == {"306900000001": "delivered", "306900000002": "expired"}
    assert tenant.quiet is not None and (tenant.quiet.hours, tenant.quiet.days) == ((1260, 480), ("sat", "sun"))
    assert tenant.flood is not None and (tenant.flood.prefix, tenant.flood.window_s) == (5, 300)
    (token,) = tenant.credentials
    assert (token.expires_at, token.scopes, token.label) == (1_801_346_400_000, ("send",), "shop")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ("parent: t", "parent: a tenant is not its own parent"),
        ("parent: 'a b'", "parent: does not have the form"),
        ("credit_limit: -1", "credit_limit: must be a decimal amount"),
        ("region: gr", "region: 'gr' is no country that has phone numbers (ISO 3166 alpha-2)"),
        ("region: ZZ", "region: 'ZZ' is no country that has phone numbers (ISO 3166 alpha-2)"),
        ("barred: [UK]", "barred[0]: 'UK' is no country that has phone numbers (ISO 3166 alpha-2, the United"),
        ("destinations: [Greece]", "destinations[0]: 'Greece' is neither a prefix of digits such as 30 nor a country"),
        ("refunds: [cancelled]", "refunds[0]: must be one of delivered, undelivered, expired, rejected, unknown"),
        ("test_numbers: {'12': delivered}", "test_numbers: '12' is not a number"),
        ("test_numbers: {'306900000001': sent}", "test_numbers.306900000001: must be one of delivered,"),
        ("quiet: {}", "quiet.hours: is required"),
        ("quiet: {hours: '08:00-08:00'}", "quiet.hours: must begin and end at different times"),
        ("quiet: {hours: '8-21'}", "quiet.hours: must be two times of the day"),
        ("quiet: {hours: '24:00-08:00'}", "quiet.hours: must be two times of the day"),
        ("flood: {factor: 0.5}", "flood.factor: must be at least 1"),
        ("credentials: [{kind: token, secret: demo-token, expires_at: 2027-01-31}]",
         "credentials[0].expires_at: must be a time with its offset"),
        ("credentials: [{kind: token, secret: demo-token, expires_at: '0001-01-01T00:00:00+23:59'}]",
         "credentials[0].expires_at: must be a time between 1970 and 9999"),
        ("credentials: [{kind: token, secret: demo-token, expires_at: '9999-12-31T23:59:59-01:00'}]",
         "credentials[0].expires_at: must be a time between 1970 and 9999"),
        ("credentials: [{kind: token, secret: demo-token, scopes: [all]}]", "credentials[0].scopes[0]: must be one of"),
        ("credentials: [{kind: token, secret: demo-token, allow: [example.com]}]", "credentials[0].allow[0]: "),
    ],
)  # fmt: skip
def test_mistakes_in_the_settings_of_a_business(tmp_path: Path, fields: str, complaint: str) -> None:
    (only,) = complaints(tmp_path, f"tenants:\n  - id: t\n    {fields}\n")
    assert only.startswith(f"3: tenants[0].{complaint}")


def test_scopes_and_states_are_those_of_the_model() -> None:
    # Configuration and model are neighbours that do not know each other.
    from typing import get_args

    from smsgwd.config.credentials import Scope
    from smsgwd.config.policy import FinalState
    from smsgwd.model.message import State
    from smsgwd.model.tenant import SCOPES

    assert get_args(Scope) == SCOPES
    finals = {state.public for state in State if state.final} - {"cancelled"}
    assert set(get_args(FinalState)) == finals

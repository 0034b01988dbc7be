"""Tenants' settings given at run time."""

import pytest

from smsgwd.config.given import SCALARS, checked_tenant, read_mapping, typed


def test_an_object_in_the_shape_of_the_tenants_file():
    options = read_mapping('{"id": "shop", "price": 0.0400, "senders": ["Shop*", 123], "prices": {"30": "0.01"}}')
    tenant = checked_tenant(options)
    assert (tenant.id, tenant.price, tenant.senders, dict(tenant.prices)) == (
        "shop", 40_000, ("Shop*", "123"), {"30": 10_000},
    )  # fmt: skip


def test_single_options_are_typed_as_unquoted_yaml_is():
    given = {
        "id": "shop",
        "credit": "10.50",
        "duplicate_s": "120",
        "enabled": "false",
        "region": "GR",
        "parent": "null",
    }
    tenant = checked_tenant(typed(given))
    assert (tenant.credit, tenant.duplicate_s, tenant.enabled, tenant.region) == (10_500_000, 120, False, "GR")
    assert tenant.parent is None
    assert tenant.model_fields_set == set(given)


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("true", True), ("no", False), ("false", False)])
def test_yes_and_no_are_said_as_in_all_commands(text, value):
    assert checked_tenant(typed({"id": "shop", "device_fallback": text})).device_fallback is value


def test_yes_is_a_text_where_a_text_is_expected():
    assert checked_tenant(typed({"id": "no", "default_sender": "yes"})).default_sender == "yes"


def test_only_single_values_are_scalars():
    assert {"id", "price", "currency", "enabled", "parent", "language", "throughput"} <= set(SCALARS)
    assert not {"prices", "webhook", "credentials", "senders", "quiet", "test_numbers"} & set(SCALARS)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[1]", "must be a JSON object of options"),
        ("shop", "must be a JSON object of options"),
        ('{"id": "a"', "line 1: "),
        ('{"id": "a", "id": "b"}', "line 1: "),
    ],
)
def test_what_is_no_object(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        read_mapping(text)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{}", "id: is required"),
        ("{id: a, pricee: 1}", r"pricee: unknown key 'pricee' \(did you mean 'price'\?\)"),
        ("{id: a, price: x, credit: y}", "^credit: must be a decimal.*; price: must be a decimal"),
        ("{id: a, quiet: {hours: 21-8}}", "^quiet.hours: must be two times of the day such as 21:00-08:00"),
        ("{id: a, credentials: [{kind: smpp, system_id: x, secret: '123456789'}]}",
         r"^credentials\[0\].secret: is too long"),
        ("{id: a, credentials: [{kind: smpp, system_id: {env: HOME}, secret: x}]}",
         r"^credentials\[0\].system_id: must be text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_key(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        checked_tenant(read_mapping(text))


def test_secrets_are_not_told():
    with pytest.raises(ValueError, match="secret") as caught:
        checked_tenant(read_mapping("{id: a, credentials: [{kind: token, secret: 'hidden one'}]}"))
    assert "hidden" not in str(caught.value)

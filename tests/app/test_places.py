"""Where tenants are told that the gateway is."""

import pytest
import yaml

from smsgwd.app.places import places_of
from smsgwd.config import load
from smsgwd.dialects.registry import DIALECTS
from smsgwd.northbound.account import SmppPlace

PUBLIC, LOCAL = "https://sms.example.net/gw", "http://127.0.0.1:8080"


@pytest.fixture
def places(tmp_path):
    """The places of a configuration with these listeners and dialects."""

    def made(public_url, listeners, **dialects):
        (tmp_path / "tenants.yaml").write_text("tenants: []")
        path = tmp_path / "smsgwd.yaml"
        document = {
            "node": "n",
            "public_url": public_url,
            "data_dir": "data",
            "tenants_file": "tenants.yaml",
            "listeners": listeners,
            "dialects": {name: {"enabled": False} for name in DIALECTS} | dialects,
        }
        path.write_text(yaml.safe_dump(document))
        return places_of(load(path, {}))

    return made


def test_apis_are_where_the_outside_reaches_them(places):
    found = places(
        PUBLIC, {"http": {"listen": "127.0.0.1:0"}}, isms={"prefix": "/isms"}, ardary={"host": ["a.example.net"]}
    )
    assert {each.api: each.base_url for each in found.http} == {
        "native": "https://sms.example.net/gw",
        "isms": "https://sms.example.net/gw/isms",
        "ardary": "https://a.example.net",
    }
    assert found.http[0].api == "native"


def test_without_http_there_is_none(places):
    found = places(PUBLIC, {"smpp": {"listen": "0.0.0.0:2775"}}, isms={})
    assert found.http == ()


@pytest.mark.parametrize(
    ("public_url", "listen", "expected"),
    [
        (PUBLIC, ["0.0.0.0:2775", "[::]:2775"], [SmppPlace("sms.example.net", 2775, False)]),
        (PUBLIC, ["192.0.2.7:2775"], [SmppPlace("sms.example.net", 2775, False)]),
        (PUBLIC, ["127.0.0.1:2775", "[::1]:2775"], []),
        (LOCAL, ["127.0.0.1:2775"], [SmppPlace("127.0.0.1", 2775, False)]),
        ("http://localhost:8080", ["127.0.0.1:2775"], [SmppPlace("localhost", 2775, False)]),
        (PUBLIC, ["0.0.0.0:0"], []),
    ],
)
def test_smpp_is_told_where_others_can_reach_it(places, public_url, listen, expected):
    assert list(places(public_url, {"smpp": {"listen": listen}}).smpp) == expected

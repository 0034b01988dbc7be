"""URLs parsed strictly; addresses judged one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.net.targets import BadTargetError, parse_target, refusal_of

REFUSED = [
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("0.0.0.0", "unspecified"),
    ("0.1.2.3", "unspecified"),
    ("10.0.0.1", "private"),
    ("172.16.0.1", "private"),
    ("172.31.255.255", "private"),
    ("192.168.1.1", "private"),
    ("100.64.0.1", "carrier-grade NAT"),
    ("100.127.255.255", "carrier-grade NAT"),
    ("169.254.1.1", "link-local"),
    ("169.254.169.254", "cloud metadata"),
    ("168.63.129.16", "cloud metadata"),
    ("100.100.100.200", "cloud metadata"),
    ("192.0.0.192", "special purpose"),
    ("198.18.0.1", "benchmarking"),
    ("203.0.113.9", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::ffff:127.0.0.1", "IPv4-mapped"),
    ("::ffff:8.8.8.8", "IPv4-mapped"),
    ("::7f00:1", "IPv4-compatible"),
    ("fc00::1", "private"),
    ("fdff::1", "private"),
    ("fd00:ec2::254", "cloud metadata"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "zoned"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("2001:db8::1", "documentation"),
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
    ("64:ff9b:1::1", "local NAT64"),
    ("64:ff9b::7f00:1", "loopback (embedded)"),
    ("64:ff9b::a9fe:a9fe", "cloud metadata (embedded)"),
    ("2002:7f00:1::", "loopback (embedded)"),
    ("2002:c0a8:101::1", "private (embedded)"),
    ("2a00::5efe:10.0.0.1", "private (embedded)"),
    ("2a00::200:5efe:10.0.0.1", "private (embedded)"),
    ("4000::1", "not global unicast"),
    ("100::1", "not global unicast"),
    ("localhost", "not an IP address"),
    ("127.1", "not an IP address"),
]


@pytest.mark.parametrize(("ip", "reason"), REFUSED)
def test_refused(ip: str, reason: str) -> None:
    assert refusal_of(ip) == reason


@pytest.mark.parametrize(
    "ip",
    ["8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1",
     "64:ff9b::808:808", "2002:808:808::1", "2a00::5efe:8.8.8.8"],
)  # fmt: skip
def test_allowed(ip: str) -> None:
    assert refusal_of(ip) is None


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_as_itself(address: object) -> None:
    plain = refusal_of(str(address)) is None
    for shape in ("64:ff9b::{}", "2a00::5efe:{}"):
        assert (refusal_of(shape.format(address)) is None) == plain


def test_parts_of_a_url() -> None:
    target = parse_target("HTTPS://Example.COM./a/b?c=d#e")
    assert (target.scheme, target.host, target.port, target.path) == ("https", "example.com", 443, "/a/b?c=d")
    assert (target.authority, target.literal) == ("example.com", False)
    assert parse_target("http://h_1.example:8080?q").path == "/?q"
    assert parse_target("http://h.example:8080").authority == "h.example:8080"
    assert parse_target("http://h.example:80/").authority == "h.example"
    assert parse_target("http://[2A00::1]:81/x").authority == "[2a00::1]:81"
    assert parse_target("http://[2A00::1]:81/x").host == "2a00::1"
    assert parse_target("http://8.8.8.8/").literal


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "http://"),
        ("ftp://example.com/", "http://"),
        ("//example.com/", "http://"),
        ("http:/example.com/", "http://"),
        ("http://", "no host"),
        ("http:///path", "no host"),
        ("http://:80/", "no host"),
        ("http://user@example.com/", "user name"),
        ("http://user:secret@example.com/", "user name"),
        ("http://example.com:0/", "port"),
        ("http://example.com:65536/", "port"),
        ("http://example.com:/", "port"),
        ("http://example.com:8a/", "port"),
        ("http://example.com:-1/", "port"),
        ("http://2130706433/", "four decimal"),
        ("http://0x7f000001/", "four decimal"),
        ("http://0x7f.0x0.0x0.0x1/", "four decimal"),
        ("http://0177.0.0.1/", "four decimal"),
        ("http://127.1/", "four decimal"),
        ("http://127.0.0.1./", "four decimal"),
        ("http://127.0.0.0x1/", "four decimal"),
        ("http://1.2.3.4.5/", "four decimal"),
        ("http://[::1/", "IPv6"),
        ("http://[fe80::1%25eth0]/", "IPv6"),
        ("http://[zz]/", "IPv6"),
        ("http://::1/", "host name"),
        ("http://exa mple.com/", "character"),
        ("http://example.com/\r\nx: y", "character"),
        ("http://example.com/\u03b1", "character"),
        ("http://\u03b1.example/", "character"),
        ("http://\u2460\u2461\u2466.0.0.1/", "character"),
        ("http://example.com\\@127.0.0.1/", "character"),
        ("http://-a.example/", "host name"),
        ("http://a..example/", "host name"),
        ("http://%31%32%37.example/", "host name"),
        ("http://" + "a" * 64 + ".example/", "host name"),
        ("http://example.com/" + "a" * 2048, "longer"),
    ],
)
def test_refused_urls(url: str, why: str) -> None:
    with pytest.raises(BadTargetError, match=why) as caught:
        parse_target(url)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_gives_a_target_or_its_own_error(text: str) -> None:
    for url in (text, "http://" + text):
        try:
            target = parse_target(url)
        except BadTargetError:
            continue
        assert target.path.startswith("/")
        assert target.path.isprintable()
        assert target.path.isascii()
        assert 1 <= target.port <= 65535

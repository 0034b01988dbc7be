"""Short links on the listener: led on, not found, on a host of their own; who is taken for a program."""

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.link_bots import is_bot
from smsgwd.northbound.link_pages import LinkPages
from smsgwd.ports.store import StoreUnavailable

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Mobile/15E148 Safari/604.1"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile "
    "Safari/537.36"
)
CODE = "Ab3dE6gH9j"
URL = "https://shop.example/?a=1"


class Opener:
    def __init__(self):
        self.opened = []
        self.answer = succeed(URL)

    def open(self, code, address, *, bot):
        self.opened.append((code, address, bot))
        return succeed(URL) if code == CODE else succeed(None)


def behind(request):
    return HttpResponse(418, (), request.path.encode())


def ask(pages, path, method="GET", agent=IPHONE, **headers):
    headers = {"user-agent": agent, **{name.replace("_", "-"): value for name, value in headers.items()}}
    answer = pages(HttpRequest(method, path, [], headers, b"", "192.0.2.7"))
    if isinstance(answer, HttpResponse):
        return answer
    found = []
    answer.addCallback(found.append)
    return found[0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_leads_on_and_nobody_keeps_that(method):
    opener = Opener()
    answer = ask(LinkPages(opener, behind), f"/l/{CODE}", method)
    headers = dict(answer.headers)
    assert (answer.status, headers["Location"], answer.body) == (302, URL, b"")
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert opener.opened == [(CODE, "192.0.2.7", method == "HEAD")]


@pytest.mark.parametrize("path", ["/l/", "/l/Zb3dE6gH9j", f"/l/{CODE}/", f"/l/{CODE}%20", "/l/a-b", "/l/a/../b"])
def test_what_is_no_link_is_a_plain_page(path):
    answer = ask(LinkPages(Opener(), behind), path)
    assert answer.status == 404 and dict(answer.headers)["Content-Type"].startswith("text/plain")
    assert path.encode() not in answer.body


def test_links_are_only_opened():
    opener = Opener()
    answer = ask(LinkPages(opener, behind), f"/l/{CODE}", "POST")
    assert (answer.status, dict(answer.headers)["Allow"], opener.opened) == (405, "GET, HEAD", [])


@pytest.mark.parametrize("path", ["/", "/v1/messages", f"/{CODE}", "/l", "/links"])
def test_everything_else_is_for_the_api(path):
    assert ask(LinkPages(Opener(), behind), path).body == path.encode()


def test_a_path_of_its_own():
    pages = LinkPages(Opener(), behind, path="/go/")
    assert [ask(pages, f"{path}{CODE}").status for path in ("/go/", "/l/", "/")] == [302, 302, 418]


@pytest.mark.parametrize("host", ["go.example.net", "GO.example.net", "go.example.net:443", "go.example.net:80"])
def test_a_host_of_links_serves_nothing_else(host):
    pages = LinkPages(Opener(), behind, path="/", host="go.example.net")
    asked = [ask(pages, path, host=host).status for path in (f"/{CODE}", f"/l/{CODE}", "/", "/v1/messages", "/docs")]
    assert asked == [302, 302, 404, 404, 404]


@pytest.mark.parametrize("host", ["sms.example.net", "", "go.example.net.evil.example", "go.example.net:8080"])
def test_other_hosts_have_links_below_l_alone(host):
    pages = LinkPages(Opener(), behind, path="/", host="go.example.net")
    assert [ask(pages, path, host=host).status for path in (f"/{CODE}", f"/l/{CODE}", "/v1/x")] == [418, 302, 418]


def test_a_link_that_cannot_be_read_now():
    opener = Opener()
    opener.open = lambda *_, bot: fail(StoreUnavailable("closed"))
    answer = ask(LinkPages(opener, behind), f"/l/{CODE}")
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")


PEOPLE = [
    IPHONE,
    ANDROID,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Mozilla/5.0 (Linux; Android 10; CUBOT P40) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A; wv) AppleWebKit/537.36 Chrome/124 Mobile Viber/22.0.0",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1/28.3590; U; en) Presto/2.8.119 Version/11.10",
    "Nokia6300/2.0 (04.20) Profile/MIDP-2.0 Configuration/CLDC-1.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/21A329 Snapchat/12.60",
]
PROGRAMS = [
    "",
    "  ",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; Google-Safety) Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "SkypeUriPreview Preview/0.5",
    "Viber/13.3.0",
    "curl/8.5.0",
    "python-requests/2.31.0",
    "Go-http-client/1.1",
    "okhttp/4.12.0",
    "Wget/1.21",
    "Mozilla/5.0 (compatible; Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots)",
]


@pytest.mark.parametrize("agent", PEOPLE)
def test_people(agent):
    assert not is_bot("GET", {"user-agent": agent})


@pytest.mark.parametrize("agent", PROGRAMS)
def test_programs(agent):
    assert is_bot("GET", {"user-agent": agent})


@pytest.mark.parametrize(
    "headers",
    [
        {"purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "Preview"},
        {"x-moz": "prefetch"},
        {"from": "googlebot(at)googlebot.com"},
    ],
)
def test_what_says_that_it_only_looks(headers):
    assert is_bot("GET", {"user-agent": IPHONE, **headers})


def test_head_is_no_reader():
    assert is_bot("HEAD", {"user-agent": IPHONE})


def test_without_headers_nobody_is_a_person():
    assert is_bot("GET", {})

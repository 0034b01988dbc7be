"""Who opens a link: a person, or a program that previews and scans it. Programs are counted apart.

A guess by what a client says of itself: messengers fetch a link to show its title, mail and phone security scans it,
search engines walk it. What claims to be a browser is taken for a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

#: Parts of user agents of programs, lower case. Generic ones catch nearly all; the names are those that they do not.
MARKS: Final = (
    "bot", "crawl", "spider", "preview", "scan", "monitor", "probe", "fetch", "validator", "checker", "archiver",
    "headless", "phantomjs", "puppeteer", "playwright", "selenium", "lighthouse", "slurp", "mediapartners",
    "facebookexternalhit", "facebookcatalog", "meta-external", "whatsapp", "viber", "skypeuri", "slack", "telegram",
    "embedly", "iframely", "vkshare", "bitlybot", "quora link", "outbrain",
    "google-safety", "google-read-aloud", "googleimageproxy", "googleother", "google-inspectiontool", "apis-google",
    "bingpreview", "yahoomailproxy", "proofpoint", "mimecast", "barracuda", "forcepoint", "symantec", "trendmicro",
    "kaspersky", "bitdefender", "netcraft", "urlscan", "virustotal", "safebrowsing", "microsoft office",
    "ms-office", "ms search", "curl/", "wget", "python", "aiohttp", "httpx", "java/", "okhttp", "apache-httpclient",
    "go-http-client", "libwww", "perl/", "ruby", "php/", "guzzle", "axios", "node-fetch", "undici", "winhttp",
    "postman", "insomnia", "httpie", "nutch", "scrapy", "zgrab", "masscan", "nmap", "nikto", "sqlmap",
    "uptime", "pingdom",
)  # fmt: skip
_MARKED = re.compile("|".join(map(re.escape, MARKS)))
#: Browsers and phones whose name has a mark in it.
_PEOPLE = re.compile(r"cubot|(?:mozilla/5\.0 .*\b(?:viber|telegram-android|slack_ssb|slack/)\b)")
_BROWSER = re.compile(r"mozilla/|opera|dalvik|ucweb|nokia|blackberry|samsung|midp")


def is_bot(method: str, headers: Mapping[str, str]) -> bool:
    """True when a program asks. `headers` by lower-case name, as requests have them."""
    if method != "GET":
        return True
    agent = headers.get("user-agent", "").strip().lower()
    if not agent or _BROWSER.search(agent) is None:
        return True
    purpose = f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')} {headers.get('x-moz', '')}".lower()
    if "prefetch" in purpose or "preview" in purpose or "prerender" in purpose:
        return True
    if "from" in headers:  # RFC 9110 s10.1.2: robots name whom to write to
        return True
    return _MARKED.search(agent) is not None and _PEOPLE.search(agent) is None

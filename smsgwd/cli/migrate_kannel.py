"""kannel.conf to a configuration: the core, smsbox and users; all else has modules of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from smsgwd.cli import migrate_kannel_logins as logins
from smsgwd.cli import migrate_kannel_routes as routes
from smsgwd.cli import migrate_kannel_services as services
from smsgwd.cli import migrate_kannel_smsc as smsc
from smsgwd.cli.migrate_kannel_read import Group, Said, networks, read
from smsgwd.cli.migrate_output import Output, name_of

_SENDER = re.compile(r"[0-9]{1,15}|[ -~]{1,11}")
_DEFAULT_SENDSMS_PORT = 13013
_LEVELS = {0: "debug", 1: "info", 2: "warning", 3: "error", 4: "error"}
_WHY = {
    "admin-port": "smsgwctl and its socket take the place of the HTTP administration (docs/commands.md)",
    "admin-password": "smsgwctl and its socket take the place of the HTTP administration (docs/commands.md)",
    "status-password": "the status is asked with smsgwctl, and stands in /metrics of listeners.ops",
    "admin-interface": "smsgwctl and its socket take the place of the HTTP administration (docs/commands.md)",
    "admin-allow-ip": "the admin socket has file permissions (admin.mode)",
    "admin-deny-ip": "the admin socket has file permissions (admin.mode)",
    "smsbox-port": "one process does all; there are no boxes",
    "bearerbox-host": "one process does all; there are no boxes",
    "bearerbox-port": "one process does all; there are no boxes",
    "smsbox-id": "one process does all; there are no boxes",
    "box-allow-ip": "one process does all; there are no boxes",
    "box-deny-ip": "one process does all; there are no boxes",
    "wapbox-port": "WAP is not served",
    "log-file": "the log goes to standard error, where systemd keeps it (docs/log.md)",
    "access-log": "messages are in the store (smsgwctl message show), with all their events",
    "store-file": "all messages are in the embedded store, durable before they are acknowledged",
    "store-type": "all messages are in the embedded store, durable before they are acknowledged",
    "store-location": "all messages are in the embedded store, durable before they are acknowledged",
    "store-dump-freq": "all messages are in the embedded store, durable before they are acknowledged",
    "dlr-storage": "receipts are in the embedded store",
    "dlr-spool": "receipts are in the embedded store",
    "unified-prefix": "numbers are international; a tenant's `region` reads national ones (docs/numbers.md)",
    "sms-resend-freq": "retry.waits_s of each connector has a default",
    "sms-resend-retry": "a message is tried again as long as it is valid",
    "sms-incoming-queue-limit": "queues are on disk and have no limit",
    "sms-outgoing-queue-limit": "queues are on disk and have no limit",
    "maximum-queue-length": "queues are on disk and have no limit",
    "white-list": "numbers are barred by prefix (barred), or by the opt-out list of a tenant (smsgwctl optout)",
    "black-list": "numbers are barred by prefix (barred), or by the opt-out list of a tenant (smsgwctl optout)",
    "sms-length": "long messages are always cut into parts of the right size",
    "sendsms-chars": "any character of a number but digits and a leading + is refused",
    "http-request-retry": "pushes are retried for a day and more (docs/receipt-push.md)",
    "http-queue-delay": "pushes are retried for a day and more (docs/receipt-push.md)",
    "max-messages": "long messages are sent whole, up to limits.max_parts",
    "concatenation": "long messages are sent whole, up to limits.max_parts",
    "header": "texts are sent as they are",
    "footer": "texts are sent as they are",
    "dlr-mask": "each request says which receipts it wants",
    "immediate-sendsms-reply": "a request is answered once its message is durable",
    "sms-combine-concatenated-mo": "long MO messages are always put together",
    "http-proxy-host": "pushes go out directly",
    "opensmppbox-id": "one process does all; there are no boxes",
    "use-systemid-as-smsboxid": "one process does all; there are no boxes",
}  # fmt: skip
_GROUPS = {
    "wapbox": "WAP is not served",
    "wap-url-map": "WAP is not served",
    "wap-user-map": "WAP is not served",
    "ppg": "WAP is not served",
    "wap-push-user": "WAP is not served",
    "wtls": "WAP is not served",
    "radius-acct": "WAP is not served",
    "ota-setting": "over-the-air settings are not made; send them as binary messages",
    "ota-bookmark": "over-the-air settings are not made; send them as binary messages",
    "modems": "modems are not driven",
    "smpp-tlv": "further TLVs are not sent",
    "dlr-db": "receipts are in the embedded store",
    "smsbox-route": "one process does all; mo_routes say where MO messages go",
    "sqlbox": "one process does all; the store is built in",
}


def convert(path: Path) -> Output:
    """What becomes of a kannel.conf. Raises MigrateError with file and line."""
    output = Output(str(path))
    groups = read(path, output)
    by_name: dict[str, list[Group]] = {}
    for group in groups:
        by_name.setdefault(group.name, []).append(group)
    known = ("core", "smsbox", "smsc", "sendsms-user", "sms-service", "opensmppbox")
    core, boxes = by_name.get("core", []), by_name.get("smsbox", [])
    authority = next((group.take("ssl-trusted-ca-file") for group in core if "ssl-trusted-ca-file" in group.said), None)
    sender = next((group.take("global-sender") for group in boxes if "global-sender" in group.said), None)
    _listeners(core, boxes, by_name.get("opensmppbox", []), output)
    for group in core:
        _core(group, output)
    smscs = smsc.convert(by_name.get("smsc", []), output, authority)
    _asked_for(smscs, by_name.get("sendsms-user", []), output)
    kinds = _users(by_name.get("sendsms-user", []), output, sender)
    logins.convert(by_name.get("opensmppbox", []), output, kinds)
    output.routes, homeless = routes.make(smscs, kinds)
    for kind in homeless:
        for tenant in kind.tenants:
            if kind.label is None:  # without a route nothing of it is taken, until there is one
                output.told.append(f"{path}: tenant '{tenant['id']}' has no route: no smsc that was converted takes it")
                continue
            tenant["enabled"] = False
            output.told.append(
                f"{path}: tenant '{tenant['id']}' is disabled: no smsc that was converted takes '{kind.label[:40]}'"
            )
    services.convert(by_name.get("sms-service", []), output, smscs)
    for group in groups:
        if group.name not in known:
            what = _GROUPS.get(group.name, "keeps to the embedded store" if group.name.endswith("-connection") else "")
            output.tell(group.place, f"group = {group.name}: not converted: {what or 'unknown group'}")
        elif group.name != "smsc":
            for key, said in group.said.items():
                output.tell(said.place, f"{key}: {_WHY.get(key, smsc.NO_COUNTERPART)}")
    return output


def _asked_for(smscs: list[smsc.Smsc], users: list[Group], output: Output) -> None:
    """Kannel lets a request say by which smsc it goes, where its user is not bound to one."""
    named = sorted(
        {each.label for each in smscs if each.allowed_ids is not None or each.denied_ids or each.preferred_ids}
    )
    free = [group for group in users if "forced-smsc" not in group.said]
    if named and free:
        output.tell(
            free[0].place,
            f"sendsms-user without forced-smsc: the parameter smsc of requests is not looked at: whose messages are to"
            f" go by {', '.join(named)[:200]} needs a route of its own",
        )


def _core(group: Group, output: Output) -> None:
    level = group.number("log-level")
    if level is not None:
        output.settings["log"] = {"level": _LEVELS.get(level, "info")}
    wait = group.number("sms-combine-concatenated-mo-timeout")
    if wait:
        output.settings["mo"] = {"part_wait_s": min(max(wait, 1), 86_400)}


def _listeners(core: list[Group], boxes: list[Group], smpp: list[Group], output: Output) -> None:
    """Where customers are used to find us. The operators' own listener is ours."""
    places: list[str] = []
    tls = None
    for box in boxes:
        port, secure = box.number("sendsms-port"), box.number("sendsms-port-ssl")
        interface = box.text("sendsms-interface", "0.0.0.0")  # noqa: S104 -- what Kannel does without one
        if port or secure:
            places.append(f"{interface}:{port or secure}")
        if secure:
            tls = None if port or len(boxes) > 1 else _certificate([box, *core])
        if secure and tls is None:
            output.tell(
                box.place,
                f"sendsms-port-ssl {secure}: a listener is with TLS or without, and its certificate must be there:"
                " put a TLS proxy in front, or set listeners.http.tls",
            )
        url = box.take("sendsms-url")
        if url is not None:
            _mounted(url, output)
    http: dict[str, Any] = {"listen": list(dict.fromkeys(places)) or [f"0.0.0.0:{_DEFAULT_SENDSMS_PORT}"]}
    if tls is not None:
        http["tls"] = tls
    listeners: dict[str, Any] = {"http": http}
    ports = [port for box in smpp if (port := box.number("opensmppbox-port"))]
    if ports:
        listeners["smpp"] = {"listen": [f"0.0.0.0:{port}" for port in dict.fromkeys(ports)]}
        if system_id := smpp[0].text("our-system-id"):
            listeners["smpp"]["system_id"] = system_id[:15]
    listeners["ops"] = {"listen": "127.0.0.1:8081"}
    output.settings["listeners"] = listeners


def _certificate(groups: list[Group]) -> dict[str, str] | None:
    for group in groups:
        cert, key = group.take("ssl-server-cert-file"), group.take("ssl-server-key-file")
        if cert and key and Path(cert.value).is_file() and Path(key.value).is_file():
            return {"cert": str(Path(cert.value).absolute()), "key": str(Path(key.value).absolute())}
    return None


def _mounted(url: Said, output: Output) -> None:
    ours = "/cgi-bin/sendsms"
    if url.value == ours:
        return
    prefix = url.value.removesuffix(ours)
    if prefix != url.value and re.fullmatch(r"(/[A-Za-z0-9._~-]{1,64}){1,8}", prefix):
        output.settings["dialects"] = {"kannel": {"prefix": prefix}}
        return
    output.tell(url.place, f"sendsms-url: it is {ours} here, below dialects.kannel.prefix")


def _users(groups: list[Group], output: Output, sender: Said | None) -> list[routes.Kind]:
    """A tenant for each sendsms-user; those that are routed alike together."""
    kinds: dict[tuple[str | None, str | None], routes.Kind] = {(None, None): routes.Kind(None, None)}
    seen: set[str] = set()
    for group in groups:
        user, password = group.take("username"), group.take("password")
        if user is None or password is None or not password.value:
            output.tell(group.place, "sendsms-user without username or password: nobody could log in: left out")
            group.said.clear()
            continue
        if user.value in seen:
            output.tell(user.place, f"username '{user.value[:40]}' is there already: left out")
            group.said.clear()
            continue
        seen.add(user.value)
        name = name_of(group.text("name") or user.value)
        credential: dict[str, Any] = {"kind": "password", "username": user.value, "secret": password.value}
        if re.fullmatch(r"[^\s:\x00-\x1f\x7f]{1,128}", user.value) is None:
            output.tell(user.place, "username: it has a blank or a colon in it: left out, with its user")
            group.said.clear()
            continue
        if networks := _networks(group, output):
            credential["allow"] = networks
        tenant: dict[str, Any] = {"id": name}
        _destinations(group, output, tenant)
        faked, default = _faked(group, output), group.text("default-sender") or (sender.value if sender else "")
        if faked or default:
            tenant["default_sender"] = (faked or default)[:21]
        dlr_url = group.take("dlr-url")
        if dlr_url is not None:
            if re.fullmatch(r"https?://[^\s\x00-\x1f\x7f]{1,2000}", dlr_url.value):
                tenant["dlr_url"] = dlr_url.value
            else:
                output.tell(dlr_url.place, "dlr-url: is no http:// or https:// URL: left out")
        label = group.text("forced-smsc") or group.text("default-smsc") or None
        group.take("default-smsc")
        tenant["credentials"] = [credential]
        output.add_tenant(tenant)
        kinds.setdefault((label, faked), routes.Kind(label, faked)).tenants.append(tenant)
    return list(kinds.values())


def _faked(group: Group, output: Output) -> str | None:
    said = group.take("faked-sender")
    if said is None or not said.value:
        return None
    if _SENDER.fullmatch(said.value) is None:
        output.tell(said.place, f"faked-sender: '{said.value[:30]}' is no sender that a route can set: left out")
        return None
    return said.value


def _destinations(group: Group, output: Output, tenant: dict[str, Any]) -> None:
    """Kannel lets through what is allowed, and, where both lists are there, what is not denied."""
    allowed = smsc.prefixes(group.take("allowed-prefix"), "allowed-prefix", output)
    denied = smsc.prefixes(group.take("denied-prefix"), "denied-prefix", output)
    if allowed is not None and denied is None:
        tenant["destinations"] = allowed
    elif denied is not None:
        tenant["barred"] = [it for it in denied if not any(it.startswith(one) for one in allowed or ())]
        if allowed:
            tenant["destinations"] = [*(str(digit) for digit in range(1, 10)), *(it for it in allowed if len(it) > 1)]
    for key in ("destinations", "barred"):
        if key in tenant and not tenant[key]:
            del tenant[key]


def _networks(group: Group, output: Output) -> list[str]:
    """user-allow-ip counts beside user-deny-ip alone, as exceptions from it."""
    allow, deny = group.take("user-allow-ip"), group.take("user-deny-ip")
    if deny is None:
        if allow is not None:
            output.tell(allow.place, "user-allow-ip: without user-deny-ip Kannel lets everybody in: left out")
        return []
    if allow is None or smsc.names(deny.value) != ["*.*.*.*"]:
        output.tell(deny.place, "user-deny-ip: a credential names networks that may use it (allow), none that may not")
        return []
    found, wrong = networks(smsc.names(allow.value))
    for part in wrong:
        output.tell(allow.place, f"user-allow-ip: '{part[:30]}' is no network: left out")
    if not found:
        output.tell(allow.place, "user-allow-ip: nobody may log in from anywhere, so no network could be written")
    return found

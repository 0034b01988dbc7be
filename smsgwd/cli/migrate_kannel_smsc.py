"""Kannel's `smsc` groups: SMPP connectors, and which recipients each of them takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smsgwd.cli.migrate_kannel_read import Group, Said
from smsgwd.cli.migrate_output import Output, name_of, unique

_ALPHABETS = {
    "gsm": ("gsm", "gsm-7", "gsm7", "gsm0338", "gsm-03.38"),
    "latin1": ("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1", "windows-1252", "cp1252"),
    "ascii": ("ascii", "us-ascii", "iso646", "ansi_x3.4-1968"),
    "utf-8": ("utf-8", "utf8"),
}
_VERSIONS = {"33": "3.3", "34": "3.4", "50": "5.0"}
_QUIET = {"smsc", "group", "dead-start"}
_WHY = {
    "log-file": "there is one log, on standard error (docs/log.md)",
    "log-level": "there is one log, on standard error (docs/log.md)",
    "bind-addr-ton": "the address_range of a bind goes out with TON and NPI 0",
    "bind-addr-npi": "the address_range of a bind goes out with TON and NPI 0",
    "connection-timeout": "an enquire_link without an answer ends a bind (timers.enquire_link_timeout_s)",
    "our-host": "connections leave by the system's routing table",
    "our-port": "connections leave from any free port",
    "alt-host": "one host a connector; a second connector of the route takes over",
    "alt-port": "one port a connector; a second connector of the route takes over",
    "priority": "each message has its own priority",
    "esm-class": "esm_class is set by what the message is",
    "max-error-count": "what a command_status means is a setting (statuses, docs/failures.md)",
    "unified-prefix": "numbers are international; a tenant's `region` reads national ones (docs/numbers.md)",
    "alt-addr-charset": "addresses are ASCII",
    "ssl-client-certkey-file": "put it in two files, and name them in tls.cert and tls.key",
    "allowed-prefix-regex": "routes know no expressions: this connector takes all that its other lines let in",
    "denied-prefix-regex": "routes know no expressions: this connector takes all that its other lines let in",
    "preferred-prefix-regex": "routes know no expressions",
    "allowed-smsc-id-regex": "write the names out in allowed-smsc-id",
    "denied-smsc-id-regex": "write the names out in denied-smsc-id",
    "preferred-smsc-id-regex": "write the names out in preferred-smsc-id",
    "reroute": "MO messages are not sent out again",
    "reroute-smsc-id": "MO messages are not sent out again",
    "reroute-receiver": "MO messages are not sent out again",
    "reroute-dlr": "receipts are not sent out again",
    "validityperiod": "it differs between connectors; limits.default_validity_s is one for all",
}  # fmt: skip
NO_COUNTERPART = "has no counterpart"


@dataclass(slots=True)
class Smsc:
    """One smsc group's connectors, and what decides who goes by them."""

    label: str
    connectors: list[str]
    allowed_ids: frozenset[str] | None
    denied_ids: frozenset[str]
    preferred_ids: frozenset[str]
    allowed: list[str] | None
    denied: list[str] | None
    preferred: list[str] = field(default_factory=list)


def convert(groups: list[Group], output: Output, ca: Said | None) -> list[Smsc]:
    """Connectors of all smsc groups, in order, and their rules. Groups that say the same are binds of one."""
    found: list[Smsc] = []
    validity = {group.said["validityperiod"].value for group in groups if "validityperiod" in group.said}
    everywhere = all("validityperiod" in group.said for group in groups if _is_smpp(group))
    one_validity = len(validity) == 1 and everywhere
    seen: dict[str, dict[str, Any]] = {}
    for group in groups:
        if not _is_smpp(group):
            _told_whole(group, output)
            continue
        if one_validity:
            minutes = group.number("validityperiod")
            output.settings.setdefault("limits", {})["default_validity_s"] = max(60, (minutes or 0) * 60)
        alike = _fingerprint(group)
        if alike in seen:
            connector = seen[alike]
            output.tell(group.place, f"the same as an smsc above: one bind more of connector '{connector['id']}'")
            one = connector.get("throughput", 0) / connector.get("binds", 1)
            connector["binds"] = connector.get("binds", 1) + _instances(group)
            if one:
                connector["throughput"] = one * connector["binds"]
            continue
        label = group.text("smsc-id")
        rules = _rules(group, output, label)
        made = _connectors(group, output, ca, label)
        seen[alike] = made[0]
        rules.connectors = [connector["id"] for connector in made if connector["bind"] != "receiver"]
        if rules.connectors:
            found.append(rules)
        _left(group, output)
    return found


def _is_smpp(group: Group) -> bool:
    return group.said.get("smsc", Said("", group.place)).value.lower() == "smpp"


def _told_whole(group: Group, output: Output) -> None:
    kind = group.said["smsc"].value[:40] if "smsc" in group.said else ""
    what = {
        "http": "an HTTP provider needs a plugin (connectors of kind provider)",
        "fake": "for tests there is `smsgwd simulate smsc`",
    }.get(kind.lower(), "connectors speak SMPP, or are plugins (kind provider)")
    output.tell(group.place, f"smsc = {kind or '(nothing)'}: not converted: {what}")


def _fingerprint(group: Group) -> str:
    """The same for groups that differ in their logs alone."""
    ours = {
        key: said.value for key, said in group.said.items() if key not in ("log-file", "log-level", "smsc-admin-id")
    }
    return repr(sorted(ours.items()))


def _instances(group: Group) -> int:
    return max(1, min(64, group.number("instances") or 1))


def _rules(group: Group, output: Output, label: str) -> Smsc:
    lists = {
        key: prefixes(group.take(key), key, output) for key in ("allowed-prefix", "denied-prefix", "preferred-prefix")
    }
    allowed_ids = group.take("allowed-smsc-id")
    return Smsc(
        label=label,
        connectors=[],
        allowed_ids=frozenset(names(allowed_ids.value)) if allowed_ids is not None else None,
        denied_ids=frozenset(names(group.text("denied-smsc-id"))),
        preferred_ids=frozenset(names(group.text("preferred-smsc-id"))),
        allowed=lists["allowed-prefix"],
        denied=lists["denied-prefix"],
        preferred=lists["preferred-prefix"] or [],
    )


def names(text: str) -> list[str]:
    """The parts of a list with semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def prefixes(said: Said | None, key: str, output: Output) -> list[str] | None:
    """International digits of a list of prefixes, told where one is not; None when nothing was said."""
    if said is None:
        return None
    found = []
    for part in names(said.value):
        digits = part.removeprefix("+") if part.startswith("+") else part.removeprefix("00")
        if not digits.isascii() or not digits.isdigit() or digits.startswith("0") or len(digits) > 15:
            output.tell(said.place, f"{key}: '{part[:30]}' is no prefix of international numbers: left out")
        elif digits not in found:
            found.append(digits)
    return found


def _connectors(group: Group, output: Output, ca: Said | None, label: str) -> list[dict[str, Any]]:
    """One connector, or two: a transmitter and a receiver that have ports of their own."""
    taken = {connector["id"] for connector in output.connectors}
    host = group.said["host"].value if "host" in group.said else "smsc"
    name = unique(name_of(group.text("smsc-admin-id") or label or host), taken)
    port, receive_port = group.number("port"), group.number("receive-port")
    transceiver = group.yes("transceiver-mode")
    base = _base(group, output, name, ca)
    binds = _instances(group)
    if transceiver or (port and port == receive_port):
        kinds = [("transceiver" if transceiver else "tx_rx", port or receive_port)]
    elif port and receive_port:
        kinds = [("transmitter", port), ("receiver", receive_port)]
        base["account_group"] = name
    elif receive_port:
        kinds = [("receiver", receive_port)]
        output.tell(group.place, f"connector '{name}' only receives (there is no 'port'): nothing is routed to it")
    else:
        kinds = [("transmitter", port)]
        output.tell(
            group.place,
            f"connector '{name}' only sends, as in Kannel (no transceiver-mode, no receive-port): receipts and MO need"
            " bind: transceiver or tx_rx",
        )
    made = []
    for kind, number in kinds:
        its: dict[str, Any] = {"id": name if kind != "receiver" or len(kinds) == 1 else unique(f"{name}-rx", taken)}
        its |= {"kind": "smpp", "host": base["host"], "port": number or 2775, "bind": kind} | base
        if binds > 1:
            its["binds"] = binds
            if its.get("throughput"):
                its["throughput"] *= binds
        made.append(its)
    if not any(number for _, number in kinds):
        output.tell(group.place, f"there is no port: connector '{name}' has SMPP's usual one, 2775")
    output.connectors.extend(made)
    return made


def _base(group: Group, output: Output, name: str, ca: Said | None) -> dict[str, Any]:
    base: dict[str, Any] = {"host": group.text("host", "127.0.0.1")}
    user = group.take("smsc-username") or group.take("system-id")
    group.take("system-id")
    base["system_id"] = _cut(user, 15, "smsc-username", output) or "smppclient"
    if user is None:
        output.tell(group.place, f"there is no smsc-username: connector '{name}' has '{base['system_id']}'")
    base["password"] = output.secret(name, _cut(group.take("smsc-password"), 8, "smsc-password", output))
    if system_type := _cut(group.take("system-type"), 12, "system-type", output):
        base["system_type"] = system_type
    if group.yes("use-ssl"):
        tls = {"ca": str(Path(ca.value).absolute())} if ca is not None and Path(ca.value).is_file() else {}
        base["tls"] = tls
        output.tell(group.place, "use-ssl: the SMSC's certificate is verified (tls.verify: false switches it off)")
    _numbers(group, output, base)
    charset = group.take("alt-charset")
    if charset is not None:
        found = next((ours for ours, theirs in _ALPHABETS.items() if charset.value.lower() in theirs), None)
        if found is None:
            output.tell(charset.place, f"alt-charset: '{charset.value[:40]}' has no counterpart (default_alphabet)")
        elif found != "gsm":
            base["default_alphabet"] = found
    version = group.take("interface-version")
    if version is not None:
        if version.value not in _VERSIONS:
            output.tell(version.place, f"interface-version: '{version.value[:10]}' is none of 33, 34, 50")
        elif version.value != "34":
            base["interface_version"] = _VERSIONS[version.value]
    for key, ours, size in (("address-range", "address_range", 40), ("service-type", "service_type", 5)):
        if text := _cut(group.take(key), size, key, output):
            base[ours] = text
    return base


def _numbers(group: Group, output: Output, base: dict[str, Any]) -> None:
    if throughput := group.real("throughput"):
        base["throughput"] = throughput
    window = group.number("max-pending-submits") or group.number("window")
    base["window"] = min(max(window or 10, 1), 10_000)
    detect = group.yes("source-addr-autodetect")
    forced = group.said.get("source-addr-ton") or group.said.get("source-addr-npi")
    for side in ("source", "dest"):
        ton, npi = group.number(f"{side}-addr-ton"), group.number(f"{side}-addr-npi")
        if side == "source" and detect is False and ton is None:
            ton, npi = 2, 1 if npi is None else npi  # what Kannel sends then
        if side == "source" and detect is not False and forced is not None:
            output.tell(
                forced.place,
                "source-addr-ton, source-addr-npi: Kannel marks names and numbers with + by what they are"
                " (source-addr-autodetect), as smsgwd does with all: left out; source_ton and source_npi would fix it",
            )
            continue
        for what, value, most in (("ton", ton, 7), ("npi", npi, 18)):
            if value is None:
                continue
            if 0 <= value <= most:
                base[f"{side}_{what}"] = value
            elif value >= 0:
                output.tell(group.place, f"{side}-addr-{what}: {value} is no value of SMPP: left out")
    kind = group.number("msg-id-type")
    if kind is not None:
        base["message_id_format"] = {1: "hex-dec", 2: "dec-hex"}.get(kind, "same")
    timers: dict[str, Any] = {}
    for key, ours, most in (("enquire-link-interval", "enquire_link_s", 3600), ("wait-ack", "response_s", 600)):
        if value := group.number(key):
            timers[ours] = min(max(value, 1), most)
    if delay := group.number("reconnect-delay"):
        timers["reconnect_min_s"] = min(max(delay, 1), 3600)
        timers["reconnect_max_s"] = max(60, timers["reconnect_min_s"])
    if timers:
        base["timers"] = timers
    expire = group.number("wait-ack-expire")
    if expire is not None:
        base["unknown_outcome"] = "wait" if expire == 2 else "resend"


def _cut(said: Said | None, most: int, key: str, output: Output) -> str:
    """What has room in the PDU: Kannel cuts the rest off, too."""
    if said is None:
        return ""
    if len(said.value) > most:
        output.tell(said.place, f"{key}: longer than {most} characters: SMPP has no room for more, the rest is cut off")
    return said.value[:most]


def _left(group: Group, output: Output) -> None:
    for key, said in group.said.items():
        if key not in _QUIET:
            output.tell(said.place, f"{key}: {_WHY.get(key, NO_COUNTERPART)}")

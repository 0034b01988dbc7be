"""jcli commands to a configuration: SMPP connectors and the whole; users and routes have modules of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smsgwd.cli import migrate_jasmin_routes as routes
from smsgwd.cli import migrate_jasmin_users as users
from smsgwd.cli.migrate_jasmin_read import Thing, Things, read
from smsgwd.cli.migrate_output import MigrateError, Output, name_of, unique

#: Where Jasmin serves its HTTP API, its REST API and SMPP, unless jasmin.cfg says otherwise.
_LISTENERS: dict[str, dict[str, Any]] = {
    "http": {"listen": ["0.0.0.0:1401", "0.0.0.0:8080"]},
    "smpp": {"listen": "0.0.0.0:2775"},
    "ops": {"listen": "127.0.0.1:8081"},
}
_WHY = {
    "logfile": "there is one log, on standard error (docs/log.md)",
    "loglevel": "there is one log, on standard error (docs/log.md)",
    "logrotate": "there is one log, on standard error (docs/log.md)",
    "logprivacy": "texts are never logged (log.show_text)",
    "trx_to": "an enquire_link without an answer ends a bind (timers.enquire_link_timeout_s)",
    "pdu_red_to": "an enquire_link without an answer ends a bind (timers.enquire_link_timeout_s)",
    "con_loss_retry": "connectors always connect again",
    "con_fail_retry": "connectors always connect again",
    "requeue_delay": "retry.waits_s of each connector has a default",
    "dlr_expiry": "receipts find their message for limits.receipt_wait_h after its validity",
    "src_addr": "a sender that is left out is the tenant's (default_sender)",
    "priority": "each message has its own priority",
    "coding": "a text goes by the cheapest coding that fits",
    "def_msg_id": "messages of the SMSC's own are not sent",
    "ripf": "replace_if_present is not set",
    "bind_ton": "the address_range of a bind goes out with TON and NPI 0",
    "bind_npi": "the address_range of a bind goes out with TON and NPI 0",
    "custom_tlvs": "further TLVs are not sent",
    "validity": "it differs between connectors; limits.default_validity_s is one for all",
}
#: What Jasmin has when nothing was said: not told, as it changes nothing.
_DEFAULTS = {
    "trx_to": "300", "pdu_red_to": "10", "con_loss_retry": "yes", "con_fail_retry": "yes", "requeue_delay": "120",
    "dlr_expiry": "86400", "priority": "0", "coding": "0", "def_msg_id": "0", "ripf": "0", "bind_ton": "0",
    "bind_npi": "1", "logrotate": "midnight", "logprivacy": "no", "loglevel": "20",
}  # fmt: skip
_TON_NPI = {
    "src_ton": ("source_ton", "2"),
    "src_npi": ("source_npi", "1"),
    "dst_ton": ("dest_ton", "1"),
    "dst_npi": ("dest_npi", "1"),
}


def convert(path: Path) -> Output:
    """What becomes of a file of jcli commands. Raises MigrateError with file and line."""
    output = Output(str(path))
    things = read(path, output)
    output.settings["listeners"] = {name: dict(listener) for name, listener in _LISTENERS.items()}
    names = _connectors(things, output)
    tenants = users.convert(things, output)
    routes.convert(things, output, names, tenants)
    for manager in ("mtinterceptor", "mointerceptor"):
        for thing in things[manager].values():
            output.tell(thing.place, f"{manager}: Python of your own is not run: not converted")
    return output


def _connectors(things: Things, output: Output) -> dict[str, str]:
    """The connectors; cid -> id."""
    mine = things["smppccm"]
    validities = {thing.said["validity"][0] for thing in mine.values() if "validity" in thing.said} - {"None"}
    common = len(validities) == 1 and all("validity" in thing.said for thing in mine.values())
    names: dict[str, str] = {}
    for cid, thing in mine.items():
        if common and (seconds := thing.number("validity")):
            output.settings["limits"] = {"default_validity_s": max(60, int(seconds))}
        name = unique(name_of(cid), names.values())
        names[cid] = name
        output.connectors.append(_connector(name, thing, output))
        if thing.stopped:
            output.tell(
                thing.place,
                f"connector '{cid}' was stopped (-0): it will run; take it out of the routes if it shall not",
            )
        for key, (value, place) in thing.said.items():
            if value not in ("None", "", _DEFAULTS.get(key)) and not (key == "logfile" and thing.shown):
                output.tell(place, f"smppccm {cid}: {key}: {_WHY.get(key, 'has no counterpart')}")
    return names


def _connector(name: str, thing: Thing, output: Output) -> dict[str, Any]:
    thing.text("cid")
    bind = thing.text("bind", "transceiver")
    if bind not in ("transceiver", "transmitter", "receiver"):
        raise MigrateError(f"{thing.place}: bind: '{bind[:40]}' is none of transceiver, transmitter, receiver")
    connector: dict[str, Any] = {
        "id": name,
        "kind": "smpp",
        "host": thing.text("host", "127.0.0.1"),
        "port": int(thing.number("port") or 2775),
        "bind": bind,
        "system_id": _cut(thing, "username", 15, output) or "smppclient",
        "password": output.secret(name, _cut(thing, "password", 8, output) or "password"),
    }
    if system_type := _cut(thing, "systype", 12, output):
        connector["system_type"] = system_type
    if address_range := _cut(thing, "addr_range", 40, output):
        connector["address_range"] = address_range
    if service_type := _cut(thing, "service_type", 5, output):
        connector["service_type"] = service_type
    if thing.yes("ssl", False):
        connector["tls"] = {}
        output.tell(
            thing.place, f"smppccm {name}: ssl: the SMSC's certificate is verified (tls.verify: false switches it off)"
        )
    if "submit_throughput" not in thing.said:
        output.tell(thing.place, f"smppccm {name}: throughput: 1 message a second, which is Jasmin's default")
    throughput = thing.number("submit_throughput", 1.0)
    if throughput:
        connector["throughput"] = throughput
    for key, (ours, default) in _TON_NPI.items():
        place = thing.where(key)
        value = thing.number(key)
        if value is not None and not thing.shown and str(int(value)) == default:
            output.tell(
                place, f"smppccm {name}: {key} {default} is Jasmin's default: left out, smsgwd goes by each address"
            )
        elif value is not None and str(int(value)) != default:
            connector[ours] = int(value)
    protocol = thing.number("proto_id")
    if protocol:
        connector["protocol_id"] = min(int(protocol), 255)
    form = thing.text("dlr_msgid")
    if form in ("0", "1", "2"):
        connector["message_id_format"] = {"0": "same", "1": "hex-dec", "2": "dec-hex"}[form]
    _timers(connector, thing)
    return connector


def _timers(connector: dict[str, Any], thing: Thing) -> None:
    timers: dict[str, float] = {}
    for key, ours, default, most in (
        ("elink_interval", "enquire_link_s", 30, 3600),
        ("res_to", "response_s", 60, 600),
        ("bind_to", "session_init_s", 30, 300),
    ):
        value = thing.number(key, default)
        if value and value != {"session_init_s": 10}.get(ours, default):
            timers[ours] = min(max(value, 1.0), most)
    waits = [wait for key in ("con_loss_delay", "con_fail_delay") if (wait := thing.number(key, 10.0))]
    if waits and min(waits) != 1:
        timers["reconnect_min_s"] = min(max(min(waits), 1.0), 3600)
        timers["reconnect_max_s"] = max(60.0, timers["reconnect_min_s"])
    if timers:
        connector["timers"] = timers


def _cut(thing: Thing, key: str, most: int, output: Output) -> str:
    place = thing.where(key)
    text = thing.text(key)
    if len(text) > most:
        output.tell(place, f"{key}: longer than {most} characters: SMPP has no room for more, the rest is cut off")
    return text[:most]

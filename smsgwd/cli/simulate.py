"""`smsgwd simulate`: the SMSC simulator and the webhook catcher, each a process of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from smsgwd.cli.simulate_hlr import hlr
from smsgwd.cli.simulate_provider import provider
from smsgwd.cli.simulate_serve import refuse_others, say, serve, serve_lean
from smsgwd.simulator.faults import GARBAGE
from smsgwd.simulator.options import (
    ID_FORMS,
    MO_PARTS,
    STATES,
    VIAS,
    SmscOptions,
    parse_numbers,
    parse_states,
    parse_status,
    parse_statuses,
)


class _Parsed(click.ParamType[Any]):
    """An option read by a function that raises ValueError."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See click."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


def _kinds(text: str) -> str:
    if not text or set(text) - set(GARBAGE):
        raise ValueError(f"{text!r} must be made of the digits {''.join(GARBAGE)}")
    return text


def _target(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise ValueError(f"{text!r} is not HOST:PORT")
    return text


PERCENT = click.FloatRange(0.0, 100.0)
MILLISECONDS = click.FloatRange(0.0, 86_400_000.0)
PORT = click.IntRange(0, 65535)
COALESCE = click.IntRange(0, 100_000)
STATUS = _Parsed("status", parse_status)


@click.group()
def simulate() -> None:
    """Peers for tests and staging: an SMSC, a webhook catcher, an HLR, HTTP providers."""


simulate.add_command(hlr)
simulate.add_command(provider)


@simulate.command()
@click.option("--port", type=PORT, default=2776, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of all that is drawn.")
@click.option("--smsc-id", default="simulator", show_default=True, help="Our system_id in bind responses.")
@click.option("--system-id", default=None, help="The only system_id let in (any).")
@click.option("--password", default=None, help="The only password let in (any).")
@click.option("--resp-delay-ms", type=MILLISECONDS, default=0, help="Delay of responses.")
@click.option("--reject-pct", type=PERCENT, default=0, help="Share of submits refused with --reject-status.")
@click.option("--reject-status", type=STATUS, default="0x45", show_default=True)
@click.option("--throttle-pct", type=PERCENT, default=0, help="Share of submits refused with 0x58.")
@click.option("--max-rate", type=click.FloatRange(0), default=0, help="Submits a second; above it 0x58.")
@click.option("--burst", type=click.FloatRange(0), default=0, help="Submits above the rate taken at once (rate/10).")
@click.option("--status-mix", type=_Parsed("mix", parse_statuses), default=(), help="STATUS:PCT,... of the answers.")
@click.option("--mute", is_flag=True, help="Never answer a submit.")
@click.option("--resp-jitter-ms", type=MILLISECONDS, default=0, help="Added to the delay of responses, drawn.")
@click.option("--mute-pct", type=PERCENT, default=0, help="Share of submits never answered; half of them are taken.")
@click.option("--twice-pct", type=PERCENT, default=0, help="Share of submits answered twice.")
@click.option("--shuffle-pct", type=PERCENT, default=0, help="Share of submits answered behind later ones.")
@click.option("--shuffle-ms", type=MILLISECONDS, default=50, show_default=True, help="So much later.")
@click.option("--stray-pct", type=PERCENT, default=0, help="Share answered under a wrong sequence number.")
@click.option("--drop-pct", type=PERCENT, default=0, help="Share answered by closing the connection; half are taken.")
@click.option("--stall-pct", type=PERCENT, default=0, help="Share after which the connection is not read for a while.")
@click.option("--stall-ms", type=MILLISECONDS, default=500, show_default=True, help="So long.")
@click.option("--receipt-lost-pct", type=PERCENT, default=0, help="Share of final receipts that never come.")
@click.option("--receipt-twice-pct", type=PERCENT, default=0, help="Share that come twice.")
@click.option("--contradict-pct", type=PERCENT, default=0, help="Share that another one follows and contradicts.")
@click.option("--wrong-id-pct", type=PERCENT, default=0, help="Share that name no message, or the one before.")
@click.option("--close-after-bind", type=click.IntRange(0), default=0, help="Close so many binds, the first ones.")
@click.option("--close-after-bind-pct", type=PERCENT, default=0, help="Share of binds closed at once.")
@click.option(
    "--id-form",
    "--msgid",
    "id_form",
    type=click.Choice(ID_FORMS),
    default="dec",
    show_default=True,
    help="Ids in responses.",
)
@click.option(
    "--id-base",
    "--msgid-base",
    "id_base",
    type=click.IntRange(0),
    default=None,
    help="First message number (from the clock).",
)
@click.option(
    "--receipts/--no-receipts", "--dlr/--no-dlr", "receipts", default=True, help="Send receipts where asked for."
)
@click.option(
    "--receipt-delay-ms",
    "--dlr-delay-ms",
    "receipt_delay_ms",
    type=MILLISECONDS,
    default=0,
    help="Delay of receipts after the response.",
)
@click.option("--receipt-spread-ms", type=MILLISECONDS, default=0, help="Added to that, uniformly drawn.")
@click.option(
    "--receipt-id-form",
    "--dlr-msgid",
    "receipt_id_form",
    type=click.Choice(ID_FORMS),
    default=None,
    help="Ids in receipts (--id-form).",
)
@click.option(
    "--receipt-tlvs/--no-receipt-tlvs",
    "--dlr-tlv/--no-dlr-tlv",
    "receipt_tlvs",
    default=True,
    help="TLVs 0x001E and 0x0427 in receipts.",
)
@click.option("--receipt-text/--no-receipt-text", default=True, help="The text of receipts.")
@click.option("--receipts-via", type=click.Choice(VIAS), default="submitter", show_default=True, help="By which bind.")
@click.option(
    "--receipt-window",
    "--dlr-window",
    "receipt_window",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="Unanswered.",
)
@click.option(
    "--receipt-retry-ms",
    "--dlr-retry-ms",
    "receipt_retry_ms",
    type=MILLISECONDS,
    default=0,
    help="Send a nacked receipt again (never).",
)
@click.option(
    "--before-resp-pct",
    "--dlr-before-resp-pct",
    "before_resp_pct",
    type=PERCENT,
    default=0,
    help="Share of receipts sent before their response.",
)
@click.option("--intermediate", is_flag=True, help="An ENROUTE receipt before each final one.")
@click.option("--undeliv-pct", type=PERCENT, default=0, help="Share of messages that end UNDELIV.")
@click.option(
    "--state-mix", type=_Parsed("mix", parse_states), default=(), help=f"STATE:PCT,... of {', '.join(STATES)}."
)
@click.option(
    "--numbers",
    type=_Parsed("fates", parse_numbers),
    default=(),
    help="DIGITS:FATE,... for numbers with these last digits: a state, a command_status to refuse them with, or none"
    " (no receipt ever).",
)
@click.option("--mo-rate", type=click.FloatRange(0), default=0, help="MO messages a second.")
@click.option("--mo-to", default="12345", show_default=True, help="Destination of MO messages.")
@click.option("--mo-from", default="3069000", show_default=True, help="Prefix of their sources.")
@click.option("--mo-text", default="MO {n}", show_default=True, help="Text; {n} is the number; long ones go in parts.")
@click.option("--mo-count", type=click.IntRange(0), default=0, help="Stop after so many (never).")
@click.option(
    "--mo-parts", type=click.Choice(MO_PARTS), default="udh8", show_default=True, help="How parts are told to belong."
)
@click.option("--mo-shuffle", is_flag=True, help="Parts in drawn order.")
@click.option("--mo-twice-pct", type=PERCENT, default=0, help="Share of the parts that come a second time.")
@click.option("--drop-after", type=click.IntRange(0), default=0, help="Drop a connection after so many submits.")
@click.option("--drop-unanswered", type=click.IntRange(0), default=0, help="The last so many of them unanswered.")
@click.option("--drop-accepted", is_flag=True, help="Those are accepted all the same.")
@click.option("--drop-times", type=click.IntRange(0), default=0, help="Drop at most so often (no limit).")
@click.option("--garbage-every", type=click.IntRange(0), default=0, help="Write garbage after every so many submits.")
@click.option(
    "--garbage-kinds",
    type=_Parsed("kinds", _kinds),
    default="0123",
    show_default=True,
    help="0 unknown command, 1 response with unknown sequence, 2 truncated deliver_sm, 3 stray generic_nack,"
    " 4 command_length 7, 5 command_length 0x7fffffff; used in turn.",
)
@click.option("--refuse-bind", type=STATUS, default=0, help="Refuse binds with this status.")
@click.option("--refuse-times", type=click.IntRange(0), default=0, help="Only so many of them (all).")
@click.option("--unbind-after-s", type=click.FloatRange(0), default=0, help="Unbind so long after a bind.")
@click.option("--outbind", type=_Parsed("host:port", _target), default=None, help="HOST:PORT of an ESME to outbind to.")
@click.option("--enquire-s", type=click.FloatRange(0), default=0, help="Probe silent links after this (never).")
@click.option("--record", type=click.Path(dir_okay=False), default=None, help="File of accepted submits, JSON lines.")
@click.option("--show", is_flag=True, help="Print each accepted message, on stderr.")
@click.option("--long", is_flag=True, help="As --show, long messages whole.")
@click.option("--lean", is_flag=True, help="For measuring: plain behaviour at a few microseconds a message.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Counts, with --lean.")
@click.option("--coalesce-us", type=COALESCE, default=0, help="With --lean: wake up at most once in so long.")
@click.option("--remember", type=click.IntRange(1), default=100_000, show_default=True, help="Messages query_sm knows.")
@click.pass_context
def smsc(ctx: click.Context, /, lean: bool, report: Path | None, coalesce_us: int, **chosen: Any) -> None:
    """An SMSC. Its port is the first line on stdout; statistics are printed at the end (SIGUSR1: now, on stderr)."""
    if lean:
        refuse_others(ctx, {"host", "port", "lean", "report", "coalesce_us", "receipt_delay_ms", "receipt_window"})
        from smsgwd.simulator.lean_smsc import LeanSmsc

        delay_s, window = chosen["receipt_delay_ms"] / 1000, chosen["receipt_window"]
        service = LeanSmsc(window=window, delay_s=delay_s, coalesce_s=coalesce_us / 1e6)
        serve_lean(service, chosen["host"], chosen["port"], report)
        return
    if report is not None or coalesce_us:
        raise click.UsageError("--report and --coalesce-us need --lean")
    if chosen["drop_unanswered"] > chosen["drop_after"]:
        raise click.UsageError("--drop-unanswered must not be larger than --drop-after")
    _check_shares(chosen, "mute", "twice", "shuffle", "stray", "drop", "stall")
    _check_shares(chosen, "receipt_lost", "receipt_twice", "contradict", "wrong_id")
    chosen["show"] |= chosen["long"]
    options = SmscOptions(**chosen)
    # Imported where a simulator is run: `smsgwd run` shall not load it, and the reactor is installed by its import.
    from twisted.internet import reactor as installed

    from smsgwd.net.clock import SystemClock
    from smsgwd.simulator.smsc import Smsc

    reactor: Any = installed
    try:
        full = Smsc(options, reactor, SystemClock(), say=say)
    except OSError as problem:
        raise click.ClickException(f"--record {options.record}: {problem.strerror}") from None
    serve(reactor, full.start, full.stop, full.summary)


@simulate.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to bind.")
@click.option("--port", type=PORT, default=2775, show_default=True)
@click.option("--system-id", default="demo", show_default=True)
@click.option("--password", default="demo", show_default=True)
@click.option("--from", "source", default="iSMS", show_default=True, help="Sender.")
@click.option("--to", required=True, help="International number, digits.")
@click.option("--text", default="Hello", show_default=True)
@click.option("--wait-s", type=click.FloatRange(0), default=30.0, show_default=True, help="For the receipt.")
def esme(host: str, port: int, system_id: str, password: str, source: str, to: str, text: str, wait_s: float) -> None:
    """An ESME that binds, submits one text and shows its receipt. Exit 1 when a step fails."""
    from smsgwd.simulator.esme import Esme, EsmeError
    from smsgwd.simulator.submit_template import octets_of

    try:
        with Esme((host, port), wait_s or 10.0) as client:
            client.bind(system_id, password)
            coding, octets = octets_of(text)
            print(f"message_id {client.submit(to.lstrip('+'), octets, source=source, coding=coding)}", flush=True)
            if wait_s:
                print(getattr(client.next_delivery(), "short_message", b"").decode("latin-1"))
            client.unbind()
    except (EsmeError, ValueError) as problem:
        raise click.ClickException(str(problem)) from None


@simulate.command()
@click.option("--port", type=PORT, default=8090, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--secret", default=None, help="'whsec_...': pushes with another signature are answered 401.")
@click.option("--status", type=click.IntRange(200, 599), default=200, show_default=True, help="Answer.")
@click.option("--fail-pct", type=PERCENT, default=0, help="Share answered with --fail-status.")
@click.option("--fail-status", type=click.IntRange(300, 599), default=503, show_default=True)
@click.option("--delay-ms", type=MILLISECONDS, default=0, help="Delay of answers.")
@click.option("--hang-pct", type=PERCENT, default=0, help="Share never answered.")
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of the shares.")
@click.option("--record", type=click.Path(dir_okay=False), default=None, help="File of pushes, JSON lines.")
@click.option("--show", is_flag=True, help="Print each push, a JSON line on stdout.")
@click.option("--lean", is_flag=True, help="For measuring: takes, counts and answers at a few microseconds each.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Counts, with --lean.")
@click.option("--coalesce-us", type=COALESCE, default=0, help="With --lean: wake up at most once in so long.")
@click.option("--mark", default=None, help="With --lean: what stands before a number's last eight digits.")
@click.option("--good", default=None, help="With --lean: what must follow it; '' = anything.")
@click.option("--reply", default="", help="With --lean: the text of answers; '' = 204 without one.")
@click.pass_context
def webhook(
    ctx: click.Context,
    /,
    lean: bool,
    report: Path | None,
    coalesce_us: int,
    mark: str | None,
    good: str | None,
    reply: str,
    **chosen: Any,
) -> None:
    """A catcher of receipt pushes. Port and statistics as with the SMSC; GET /stats answers them too."""
    if lean:
        refuse_others(ctx, {"host", "port", "lean", "report", "coalesce_us", "mark", "good", "reply"})
        from smsgwd.simulator.http_sink import OUR_GOOD, OUR_MARK, HttpSink

        sink = HttpSink(
            mark=OUR_MARK if mark is None else mark.encode(),
            good=OUR_GOOD if good is None else good.encode(),
            reply=reply.encode(),
            coalesce_s=coalesce_us / 1e6,
        )
        serve_lean(sink, chosen["host"], chosen["port"], report)
        return
    if report is not None or coalesce_us or reply or mark is not None or good is not None:
        raise click.UsageError("--report, --coalesce-us, --mark, --good and --reply need --lean")
    from twisted.internet import reactor as installed

    from smsgwd.simulator.catcher import Catcher, CatcherFactory, CatcherOptions
    from smsgwd.simulator.record import Recorder

    options = CatcherOptions(**chosen)

    reactor: Any = installed
    try:
        recorder = Recorder(options.record) if options.record else None
    except OSError as problem:
        raise click.ClickException(f"--record {options.record}: {problem.strerror}") from None
    try:
        catcher = Catcher(options, reactor, recorder, _event if options.show else None)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--secret") from None

    def start() -> int:
        port = reactor.listenTCP(options.port, CatcherFactory(catcher), backlog=1024, interface=options.host)
        return int(port.getHost().port)

    serve(reactor, start, catcher.stop, catcher.stats.summary)


def _check_shares(chosen: dict[str, Any], *names: str) -> None:
    """Refuse shares of one thing that add up to more than all of it."""
    total = sum(chosen[f"{name}_pct"] for name in names)
    if total > 100:
        options = ", ".join(f"--{name.replace('_', '-')}-pct" for name in names)
        raise click.UsageError(f"{options} add up to {total:g} %")


def _event(line: str) -> None:
    print(line, flush=True)

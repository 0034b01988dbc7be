import pytest

from smsgwd.config.model.smpp_connector import SmppConnector
from smsgwd.delivery.retry import WAITS_S
from smsgwd.delivery.trouble import Action, Rule, Scope, rule
from smsgwd.net.tls import TlsError
from smsgwd.smpp.constants import MessageState
from smsgwd.southbound.settings import settings_of


def section(**changes):
    values = {
        "id": "sim",
        "kind": "smpp",
        "host": "127.0.0.1",
        "port": 2776,
        "system_id": "gw",
        "password": "gw",
    }
    return SmppConnector.model_validate({**values, **changes})


def test_the_defaults():
    settings = settings_of(section())
    assert (settings.id, settings.host, settings.port, settings.group) == ("sim", "127.0.0.1", 2776, "127.0.0.1:gw")
    assert (settings.system_id, settings.password, settings.interface_version) == (b"gw", b"gw", 0x34)
    assert settings.session.window == 10 and settings.session.response == 60
    assert settings.tls is None and settings.throughput == 0 and settings.queue_capacity == 2000
    assert settings.retry_waits_s == WAITS_S and settings.retry_attempts == 3 and settings.suspend_s == 60
    assert settings.adaptive_rate and settings.keep_order and not settings.statuses
    assert settings.data_codings == {"gsm7": 0, "latin1": 3, "ucs2": 8, "binary": 4}


def test_everything_else():
    settings = settings_of(
        section(
            bind="tx_rx",
            binds=2,
            window=100,
            throughput=50,
            burst=10,
            account_group="carrier",
            interface_version="5.0",
            source_ton=5,
            source_npi=0,
            dest_ton=1,
            short_code={"ton": 3, "npi": 0},
            default_alphabet="latin1",
            data_coding={"gsm": 1},
            long_messages="sar",
            registered_delivery_all_parts=False,
            message_id_format="hex-dec",
            accepted_state="delivered",
            unknown_outcome="fail",
            statuses={
                "0x45": "throttle",
                "0x400": {"action": "retry"},
                "0x401": {"scope": "destination", "action": "retry"},
            },
            retry={"waits_s": (1, 2), "attempts": 2},
            suspend_s=7,
            adaptive_rate=False,
            keep_order=False,
            timers={"response_s": 5, "reconnect_min_s": 2, "connect_s": 3, "session_init_s": 4},
            ready_page=50,
        )
    )
    assert (settings.bind, settings.binds, settings.session.window, settings.burst) == ("tx_rx", 2, 100, 10)
    assert (settings.group, settings.interface_version, settings.id_format) == ("carrier", 0x50, "response_hex")
    assert (settings.source.ton, settings.source.npi, settings.source.short_ton) == (5, 0, 3)
    assert (settings.destination.ton, settings.destination.npi) == (1, None)
    assert settings.data_codings["gsm7"] == 1 and settings.alphabet == "latin1"
    assert not settings.receipt_for_all_parts and settings.long_messages == "sar"
    assert settings.stat_words == {"ACCEPTD": MessageState.DELIVERED}
    assert settings.statuses == {
        0x45: rule("throttle"),
        0x400: rule("retry"),
        0x401: Rule(Scope.DESTINATION, Action.RETRY),
    }
    assert (settings.retry_waits_s, settings.retry_attempts, settings.suspend_s) == ((1.0, 2.0), 2, 7)
    assert not settings.adaptive_rate and not settings.keep_order
    assert (settings.session.response, settings.session.session_init, settings.connect_s) == (5, 4, 3)
    assert settings.queue_capacity == 100


def test_id_formats_are_those_of_correlation():
    from smsgwd.delivery.correlation import FORMATS

    assert {
        settings_of(section(message_id_format=form)).id_format for form in ("auto", "same", "hex-dec", "dec-hex")
    } == set(FORMATS)


def test_tls(tmp_path):
    assert settings_of(section(tls={})).tls is not None
    assert settings_of(section(tls={"verify": False})).tls is not None
    ca = tmp_path / "ca.pem"
    ca.write_text("no certificate")
    with pytest.raises(TlsError, match=r"ca\.pem"):
        settings_of(section(tls={"ca": str(ca)}))


def test_the_password_is_not_shown():
    assert "hunter2" not in repr(settings_of(section(password="hunter2")))

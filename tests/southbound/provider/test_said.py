"""What a plugin's process says to the log, whatever it is."""

from structlog.testing import capture_logs

from smsgwd.southbound.provider.said import RESERVED, bounded, sayer


def test_fields_are_few_and_short():
    kept = bounded({str(number): "x" * 9999 for number in range(99)} | {"event": "x"})
    assert (len(kept), {len(value) for value in kept.values()}) == (22, {500})
    assert bounded({"traceback": ["x" * 9999] * 99}) == {"traceback": ["x" * 500] * 10}


def test_names_that_mean_something_to_the_log_are_others():
    with capture_logs() as lines:
        sayer("c1")("provider.said", dict.fromkeys(sorted(RESERVED), "forged"))
    (line,) = lines
    assert (line["event"], line["connector"], line["log_level"]) == ("provider.said", "c1", "info")
    assert {name for name, value in line.items() if value == "forged"} == {f"{name}_" for name in RESERVED}


def test_a_fault_is_an_error():
    with capture_logs() as lines:
        sayer("c1")("provider.fault", {"method": "send", "reason": "ValueError", "traceback": ["a", "b"]})
    assert (lines[0]["log_level"], lines[0]["traceback"]) == ("error", ["a", "b"])

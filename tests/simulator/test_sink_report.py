import pytest

from smsgwd.simulator.lean_report import MOST
from smsgwd.simulator.sink_report import SinkReport


def test_what_is_written_is_read(tmp_path):
    report = SinkReport()
    for number, name in ((0, b"a"), (70_000, b""), (0, b"c"), (MOST, b"d")):
        report.took(number, name, 5.0 + number)
    assert (report.unique, report.repeated, report.beyond) == (2, 1, 1)
    report.write(tmp_path / "report")
    again = SinkReport.read(tmp_path / "report")
    assert (again.copies[0], again.copies[1], again.copies[70_000]) == (2, 0, 1)
    assert (again.ids[0], again.arrived[0], again.arrived[70_000]) == (b"a", 5.0, 70_005.0)
    assert len(again.copies) == len(again.arrived) == len(again.ids)


def test_copies_stop_at_what_fits():
    report = SinkReport()
    for _ in range(300):
        report.took(1, b"x", 1.0)
    assert report.copies[1] == 255 and report.repeated == 299


def test_what_is_no_report(tmp_path):
    (tmp_path / "x").write_bytes(b"short")
    with pytest.raises(ValueError, match="no report"):
        SinkReport.read(tmp_path / "x")

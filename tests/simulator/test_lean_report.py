import pytest

from smsgwd.simulator.lean_report import MOST, LeanReport


def test_what_is_written_is_read(tmp_path):
    report = LeanReport()
    for number in (0, 3, 3, 70_000, MOST):
        report.took(number, 10.0 + number)
    report.sent[3] = 1.5
    report.write(tmp_path / "report")
    again = LeanReport.read(tmp_path / "report")
    assert (again.copies[0], again.copies[1], again.copies[3], again.copies[70_000]) == (1, 0, 2, 1)
    assert again.sent[3] == 1.5 and sum(again.copies) == 4 and report.beyond == 1
    assert (again.arrived[3], again.arrived[1], again.arrived[70_000]) == (13.0, 0.0, 70_010.0)
    assert len(again.copies) == len(again.sent) == len(again.arrived)


def test_copies_stop_at_what_fits():
    report = LeanReport()
    for _ in range(300):
        report.took(1, 2.0)
    assert report.copies[1] == 255


def test_what_is_no_report(tmp_path):
    (tmp_path / "x").write_bytes(b"short")
    with pytest.raises(ValueError, match="no report"):
        LeanReport.read(tmp_path / "x")

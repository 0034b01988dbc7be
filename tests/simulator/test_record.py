from smsgwd.simulator.record import PushLine, Recorder, SubmitLine, read_pushes, read_submits


def _line(number: int) -> SubmitLine:
    return SubmitLine(
        1.5, str(number), "iSMS", "+3069", 0x40, 8, 1, "050003010201", 1.75, "gw", "0500030102", "7/2/1", False
    )


def test_lines_come_back_as_they_were(tmp_path):
    path = tmp_path / "record"
    recorder = Recorder(path)
    lines = [_line(number) for number in range(3)]
    for line in lines:
        recorder.add(line)
    assert recorder.pending and path.read_bytes() == b""
    recorder.flush()
    assert read_submits(path) == lines and not recorder.pending
    recorder.add(_line(9))
    recorder.close()
    assert read_submits(path) == [*lines, _line(9)]


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "record"
    recorder = Recorder(path)
    push = PushLine(2.0, "msg_1", "message.delivered", "1", "+3069", "delivered", 200)
    recorder.add(push)
    recorder.close()
    with path.open("ab") as file:
        file.write(b'{"at":2.0,"webhook')
    assert read_pushes(path) == [push]


def test_an_empty_file_has_no_lines(tmp_path):
    path = tmp_path / "record"
    Recorder(path).close()
    assert read_submits(path) == []

"""Files that are begun anew."""

import errno
import os
import resource
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.ops.rotating import RotatingFile


class Wall:
    def __init__(self):
        self.now = 1_780_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def wall():
    return Wall()


def made(path, wall, *, max_bytes=1000, max_age_s=3600.0, keep=0, head=b""):
    file = RotatingFile(path, wall, max_bytes=max_bytes, max_age_s=max_age_s, keep=keep, head=head)
    file.open()
    return file


def lines_of(path):
    return path.read_bytes().splitlines()


def test_lines_stand_behind_a_head(tmp_path, wall):
    file = made(tmp_path / "deep" / "cdr.csv", wall, head=b"id,to")
    file.write([b"1,a", b"2,b"], sync=True)
    file.write([b"3,c"], sync=False)
    assert lines_of(file.path) == [b"id,to", b"1,a", b"2,b", b"3,c"]
    assert file.path.stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_full_file_is_put_aside(tmp_path, wall):
    file = made(tmp_path / "a.log", wall, max_bytes=10)
    file.write([b"12345678"], sync=True)
    file.write([b"abcdefgh"], sync=True)
    [old] = file.old_files()
    assert lines_of(old) == [b"12345678"]
    assert lines_of(file.path) == [b"abcdefgh"]
    assert old.name.startswith("a-20260528T")
    file.write([b"within the same second"], sync=True)
    assert [path.name.count(".") for path in file.old_files()] == [2, 1] or len(file.old_files()) == 2


def test_an_old_file_is_put_aside(tmp_path, wall):
    file = made(tmp_path / "a.log", wall, max_age_s=60)
    file.write([b"one"], sync=True)
    wall.now += 59
    file.write([b"two"], sync=True)
    assert file.old_files() == []
    wall.now += 1
    file.write([b"three"], sync=True)
    assert [lines_of(path) for path in file.old_files()] == [[b"one", b"two"]]


def test_only_so_many_are_kept(tmp_path, wall):
    file = made(tmp_path / "a.log", wall, max_bytes=1, keep=2)
    for number in range(5):
        wall.now += 1
        file.write([str(number).encode()], sync=True)
    assert [lines_of(path) for path in file.old_files()] == [[b"2"], [b"3"]]
    assert lines_of(file.path) == [b"4"]


def test_an_empty_file_is_not_put_aside(tmp_path, wall):
    file = made(tmp_path / "a.csv", wall, head=b"id")
    assert file.rotate() is None
    assert file.old_files() == []


def test_a_torn_line_is_cut_off(tmp_path, wall):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n2\n3 and then the pow")
    file = made(path, wall, head=b"id")
    assert file.tail(10) == [b"1", b"2"]
    file.write([b"3"], sync=True)
    assert lines_of(path) == [b"id", b"1", b"2", b"3"]


def test_a_file_with_other_columns_is_put_aside(tmp_path, wall):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id\n1\n")
    file = made(path, wall, head=b"id,to")
    assert lines_of(path) == [b"id,to"]
    assert [lines_of(old) for old in file.old_files()] == [[b"id", b"1"]]


def test_the_tail_goes_on_in_the_file_put_aside_last(tmp_path, wall):
    file = made(tmp_path / "a.csv", wall, head=b"id", max_bytes=12)
    for number in range(6):
        wall.now += 1
        file.write([f"{number:04}".encode()], sync=True)
    assert file.tail(3) == [b"0003", b"0004", b"0005"][-len(file.tail(3)) :]
    assert file.tail(1) == [b"0005"]


def test_what_cannot_be_written_leaves_no_half_line(tmp_path, wall, monkeypatch):
    file = made(tmp_path / "a.log", wall)
    file.write([b"one"], sync=True)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            file.write([b"two"], sync=True)
    file.write([b"three"], sync=True)
    assert lines_of(file.path) == [b"one", b"three"]


def test_a_disk_that_is_full_half_way_leaves_no_half_line(tmp_path, wall):
    """A file that may not grow takes the first part of a write, and fails only the next one."""
    file = made(tmp_path / "a.log", wall, head=b"id")
    file.write([b"one"], sync=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.path.stat().st_size + 6, hard))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            file.write([b"two", b"three"], sync=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert lines_of(file.path) == [b"id", b"one"]
    file.write([b"two", b"three"], sync=True)
    assert lines_of(file.path) == [b"id", b"one", b"two", b"three"]


def test_files_of_one_second_are_in_the_order_in_which_they_were_put_aside(tmp_path, wall):
    file = made(tmp_path / "a.csv", wall, head=b"id", max_bytes=1)
    for number in range(13):
        file.write([str(number).encode()], sync=True)
    assert [lines_of(path)[1:] for path in file.old_files()] == [[str(number).encode()] for number in range(12)]
    assert file.tail(3) == [b"11", b"12"]


def test_lines_that_another_process_left_are_made_durable_before_they_are_trusted(tmp_path, wall, monkeypatch):
    (tmp_path / "a.csv").write_bytes(b"id\n1\n")
    synced, real = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda number: (synced.append(str(Path(f"/proc/self/fd/{number}").readlink())), real(number))
    )
    made(tmp_path / "a.csv", wall, head=b"id")
    assert str(tmp_path / "a.csv") in synced


def test_it_goes_on_where_another_process_left_it(tmp_path, wall):
    first = made(tmp_path / "a.log", wall)
    first.write([b"one"], sync=True)
    first.close()
    second = made(tmp_path / "a.log", wall)
    second.write([b"two"], sync=True)
    assert lines_of(second.path) == [b"one", b"two"]


@given(
    st.lists(st.binary(min_size=1, max_size=50).filter(lambda line: b"\n" not in line and b"\r" not in line)), st.data()
)
def test_wherever_it_was_cut_whole_lines_stay(tmp_path_factory, lines, data):
    path = tmp_path_factory.mktemp("cut") / "a.log"
    whole = b"".join(line + b"\n" for line in lines)
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    file = made(path, Wall())
    kept = whole[:cut].rpartition(b"\n")[0]
    wanted = kept.split(b"\n") if whole[:cut].count(b"\n") else []
    assert path.read_bytes() == b"".join(line + b"\n" for line in wanted)
    file.write([b"next"], sync=True)
    assert path.read_bytes().endswith(b"next\n")

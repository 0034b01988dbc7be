import pytest

from smsgwd.app.secrets import KeyFileError, Vault, keys_of, new_key, read_or_make, write_keys


def test_a_key_is_made_once_and_kept_private(tmp_path):
    path = tmp_path / "var" / "secret.key"
    key = read_or_make(path)
    assert read_or_make(path) == key and len(key) >= 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_else_is_left_beside_it(tmp_path):
    read_or_make(tmp_path / "secret.key")
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_that_another_node_makes_in_the_same_moment_is_taken(tmp_path, monkeypatch):
    path = tmp_path / "secret.key"

    def link(source, target):
        path.write_text("the key of the other node\n")
        raise FileExistsError(target)

    monkeypatch.setattr("smsgwd.app.secrets.os.link", link)
    assert read_or_make(path) == b"the key of the other node"


def test_a_short_or_unreadable_key_is_an_error_that_names_the_file(tmp_path):
    path = tmp_path / "k"
    path.write_text("short")
    with pytest.raises(KeyFileError, match="too short"):
        read_or_make(path)
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_or_make(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot be"):
        read_or_make(tmp_path / "file" / "key")


def test_what_is_sealed_opens_with_the_same_key_only():
    sealed = Vault(b"k" * 32).seal("whsec_abc")
    assert "whsec" not in sealed
    assert Vault(b"k" * 32).open(sealed) == "whsec_abc"
    for key, text in ((b"other" * 8, sealed), (b"k" * 32, sealed[:-4]), (b"k" * 32, "plain")):
        with pytest.raises(ValueError, match=r"sealed|opened"):
            Vault(key).open(text)


def test_derived_keys_differ():
    assert Vault(b"k" * 32).token_key != b"k" * 32
    assert Vault(b"k" * 32).token_key != Vault(b"l" * 32).token_key


OLD, NEW = b"o" * 32, b"n" * 32


def test_the_newest_key_seals_and_all_of_them_open():
    before = Vault(OLD).seal("whsec_old")
    both = Vault(NEW, OLD)
    after = both.seal("whsec_new")
    assert both.open(before) == "whsec_old" and both.open(after) == "whsec_new"
    assert Vault(NEW).open(after) == "whsec_new"
    with pytest.raises(ValueError, match="cannot be opened"):
        Vault(NEW).open(before)
    assert [both.sealed_under(each) for each in (before, after, "sealed:x")] == [*both.key_ids[::-1], ""]
    assert both.token_keys == (Vault(NEW).token_key, Vault(OLD).token_key)


def test_who_listens_hears_of_the_keys_at_once_and_of_each_change():
    vault, heard = Vault(OLD), []
    vault.listen(heard.append)
    vault.use((NEW, OLD))
    assert heard == [(Vault(OLD).token_key,), (Vault(NEW).token_key, Vault(OLD).token_key)]


def test_a_text_of_several_lines_has_a_key_in_each():
    assert keys_of(b"  one key, as it is \n") == (b"  one key, as it is \n",)
    assert keys_of(NEW + b"\n\n  " + OLD + b"\r\n") == (NEW, OLD)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (NEW + b"\nshort\n", "key 2 is too short"),
        (NEW + b"\n" + NEW, "key 2 stands in a line before"),
        (b"\n".join(b"%032d" % n for n in range(17)), "16 are the most"),
    ],
)
def test_lines_that_are_no_good_are_named(text, wrong):
    with pytest.raises(KeyFileError, match=wrong):
        keys_of(text)


def test_keys_are_written_whole_and_private_and_a_link_stays_one(tmp_path):
    file, link = tmp_path / "real.key", tmp_path / "secret.key"
    file.write_bytes(OLD + b"\n")
    file.chmod(0o640)
    link.symlink_to(file)
    write_keys(link, (NEW, OLD), (OLD,))
    assert file.read_bytes() == NEW + b"\n" + OLD + b"\n"
    assert link.is_symlink() and file.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["real.key", "secret.key"]


def test_a_file_that_somebody_else_changed_is_not_overwritten(tmp_path):
    file = tmp_path / "secret.key"
    file.write_bytes(b"x" * 32)
    with pytest.raises(KeyFileError, match="was changed since it was read"):
        write_keys(file, (NEW, OLD), (OLD,))
    assert file.read_bytes() == b"x" * 32


def test_a_key_that_a_line_cannot_hold_is_refused(tmp_path):
    file = tmp_path / "secret.key"
    file.write_bytes(OLD)
    with pytest.raises(KeyFileError, match="blanks or line ends"):
        write_keys(file, (NEW, OLD + b" "), (OLD,))


def test_a_write_that_fails_leaves_the_file_and_nothing_beside_it(tmp_path, monkeypatch):
    file = tmp_path / "secret.key"
    file.write_bytes(OLD)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("smsgwd.app.secrets.os.fsync", full)
    with pytest.raises(KeyFileError, match=r"cannot be written.*No space"):
        write_keys(file, (NEW, OLD), (OLD,))
    assert file.read_bytes() == OLD and [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_file_that_everybody_could_read_is_closed_by_the_next_key(tmp_path):
    file = tmp_path / "secret.key"
    old = keys_of(read_or_make(file))
    file.chmod(0o666)
    write_keys(file, (new_key(), *old), old)
    assert file.stat().st_mode & 0o777 == 0o640

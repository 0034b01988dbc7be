import pytest

from smsgwd.app.secrets import KeyFileError, Vault, read_or_make


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

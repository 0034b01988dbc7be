from pathlib import Path

import pytest

from tests.config.files import bad, good, write


def test_values_from_env_file_and_credential(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("s3cret\n")
    (tmp_path / "creds").mkdir()
    (tmp_path / "creds" / "sysid").write_text("gw7")
    config = good(
        tmp_path,
        """\
        connectors:
          - {id: a, kind: smpp, host: h, port: {env: PORT}, system_id: {credential: sysid}, password: {file: pw},
             registered_delivery_all_parts: {env: ALL}, bind: {env: BIND}}
        limits: {receipt_wait_h: {env: WAIT}}
        """,
        {
            "PORT": "2775",
            "ALL": "false",
            "BIND": "receiver",
            "WAIT": "1.5",
            "CREDENTIALS_DIRECTORY": str(tmp_path / "creds"),
        },
    )
    (connector,) = config.connectors
    assert connector.kind == "smpp"
    assert (connector.port, connector.system_id, connector.bind) == (2775, "gw7", "receiver")
    assert connector.password.get_secret_value() == "s3cret"
    assert connector.registered_delivery_all_parts is False
    assert config.limits.receipt_wait_h == 1.5


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("{env: NOPE}", "environment variable NOPE is not set"),
        ("{file: nope}", "cannot read file {dir}/nope: No such file or directory"),
        ("{file: .}", "cannot read file {dir}/.: Is a directory"),
        ("{file: empty}", "file {dir}/empty is empty"),
        ("{file: binary}", "file {dir}/binary is not UTF-8 text"),
        ("{file: ''}", "{{file: ...}} needs a name"),
        ("{env: [A]}", "{{env: ...}} needs a name"),
        ("{credential: x}", "credential x: CREDENTIALS_DIRECTORY is not set"),
        ("{env: A, file: b}", "must be text (in quotes if it looks like something else)"),
        ("{environ: A}", "must be text (in quotes if it looks like something else)"),
    ],
)
def test_a_source_that_fails_names_the_key_once(tmp_path: Path, value: str, complaint: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert bad(tmp_path, f"connectors: [{{id: a, kind: smpp, host: h, port: 1, system_id: s, password: {value}}}]") == [
        f"1: connectors[0].password: {complaint.format(dir=tmp_path)}".replace("/.:", ":")
    ]


def test_a_credential_is_a_plain_name(tmp_path: Path) -> None:
    (only,) = bad(tmp_path, "secret_key: {credential: ../x}", {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert only == "1: secret_key: credential ../x: a plain name, not a path"


def test_the_secret_key_may_not_exist_yet(tmp_path: Path) -> None:
    key = good(tmp_path, "secret_key: {file: new.key}").secret_key
    assert (key.value, key.file) == (None, tmp_path / "new.key")
    (tmp_path / "new.key").write_text("k" * 40 + "\n")
    key = good(tmp_path, "secret_key: {file: new.key}").secret_key
    assert key.value is not None
    assert (key.value.get_secret_value(), key.file) == ("k" * 40, tmp_path / "new.key")
    assert "kkk" not in repr(key)


def test_secrets_never_appear_in_errors_or_repr(tmp_path: Path) -> None:
    secret = "hunter2-hunter2"
    write(
        tmp_path,
        f"""\
        tenants:
          - id: t
            webhook: {{secret: {secret}}}
            credentials:
              - {{kind: smpp, system_id: x, secret: {secret}}}
              - {{kind: token, secret: "{secret} x"}}
              - {{kind: token, secret: {secret}}}
              - {{kind: token, secret: {secret}}}
              - {{kind: password, username: u, secret: [{secret}]}}
        """,
        "t.yaml",
    )
    text = f"""\
        secret_key: {secret}
        tenants_file: t.yaml
        store: {{kind: redis, url: "{secret}"}}
        connectors:
          - {{id: a, kind: smpp, host: h, port: {{env: S}}, system_id: s, password: {secret}}}
          - {{id: b, kind: smpp, host: h, port: 1, system_id: s, password: [{secret}]}}
        log: {{level: {{env: S}}}}
        """
    complaints = bad(tmp_path, text, {"S": secret})
    assert len(complaints) == 11
    assert "hunter2" not in "\n".join(complaints)


def test_a_number_from_outside_is_not_shown_either(tmp_path: Path) -> None:
    assert bad(tmp_path, "limits: {max_parts: {env: PIN}}", {"PIN": "4711"}) == [
        "1: limits.max_parts: must be at most 255"
    ]


def test_a_name_from_outside_is_not_quoted(tmp_path: Path) -> None:
    (only,) = bad(tmp_path, "listeners: {http: {listen: {env: S}}}", {"S": "hunter2:80"})
    assert "hunter2" not in only
    (only,) = bad(tmp_path, "connectors: [{id: a, kind: {env: S}}]", {"S": "hunter2"})
    assert "hunter2" not in only

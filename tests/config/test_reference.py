from collections.abc import Iterator
from pathlib import Path

import pytest

from smsgwd.config import Config, config_schema, describe, load, load_tenants, markdown, tenants_schema
from smsgwd.config.option import Section
from smsgwd.config.shape import fields_of, shape_of
from smsgwd.config.sources import SOURCES
from smsgwd.config.tenants import TenantsFile

DOCS = Path(__file__).resolve().parents[2] / "docs"


def all_sections(section: type[Section]) -> Iterator[type[Section]]:
    yield section
    for _, shape in fields_of(section).values():
        item = shape.item if shape.kind == "list" and shape.item else shape
        for inner in item.sections():
            yield from all_sections(inner)


SECTIONS = sorted({*all_sections(Config), *all_sections(TenantsFile)}, key=lambda section: section.__name__)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_option_is_documented(section: type[Section]) -> None:
    assert section.__doc__
    for key, (info, shape) in fields_of(section).items():
        assert info.description, key
        assert info.description.endswith("."), key
        extra = info.json_schema_extra
        assert isinstance(extra, dict), f"{key} is not declared by option()"
        assert extra["since"], key
        if key.endswith(("_s", "_ms", "_h", "_d")):
            assert extra.get("unit"), f"{key} has no unit"
        if info.is_required() and not shape.sections() and not (shape.item and shape.item.sections()):
            assert info.examples, f"{key} is required and has no example"


@pytest.mark.parametrize("section", SECTIONS)
def test_no_option_is_called_like_a_source(section: type[Section]) -> None:
    assert not set(SOURCES) & set(fields_of(section))


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "configuration.md").read_text("utf-8") == markdown(), "run scripts/gen_config_docs.py"


def test_the_page_names_every_option() -> None:
    text = markdown()
    for section in SECTIONS:
        for key, (info, _) in fields_of(section).items():
            assert f"| `{key}` |" in text
            assert (info.description or "").replace("|", "\\|") in text


def test_the_annotated_reference_loads_and_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "reference.yaml"
    path.write_text(describe(), "utf-8")
    config = load(path, {})
    bare = tmp_path / "bare.yaml"
    bare.write_text("node: gw1\ndata_dir: var/lib\n")
    defaults = load(bare, {})
    for name in ("store", "links", "admin", "auth", "notify", "limits", "shutdown", "log", "public_url"):
        assert getattr(config, name) == getattr(defaults, name)
    assert [connector.id for connector in config.connectors] == ["sim", "isms1"]
    path.write_text(describe(TenantsFile), "utf-8")
    (tenant,) = load_tenants(path, {})
    assert [credential.kind for credential in tenant.credentials] == ["password", "token", "smpp"]


def test_the_reference_ends_with_the_tenants_file_as_a_comment() -> None:
    _, _, tenants = describe().partition("# ---- the tenants file, named by `tenants_file` ----\n#\n")
    lines = tenants.splitlines()
    assert all(line.startswith("#") for line in lines)
    assert "".join(line[2:] + "\n" for line in lines) == describe(TenantsFile)


def test_the_commented_parts_of_the_reference_are_options_too() -> None:
    text = describe()
    for key in ("tls:", "smpps:", "url:", "server_name:"):
        assert any(line.strip().startswith("#") and line.strip("# ").startswith(key) for line in text.splitlines())


def test_schemas_know_every_option_and_the_sources() -> None:
    for schema, root in ((config_schema(), Config), (tenants_schema(), TenantsFile)):
        assert set(schema["properties"]) == set(fields_of(root))
        assert schema["additionalProperties"] is False
        assert set(schema["$defs"]["Source"]["properties"]) == set(SOURCES)
    port = config_schema()["$defs"]["SmppConnector"]["properties"]["port"]
    assert port["anyOf"][0]["maximum"] == 65535
    assert port["anyOf"][1] == {"$ref": "#/$defs/Source"}


def test_a_type_that_configuration_does_not_use_is_refused() -> None:
    with pytest.raises(TypeError):
        shape_of(complex)
    with pytest.raises(TypeError):
        shape_of(int | str)

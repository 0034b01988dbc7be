"""The reference, generated from the declarations: annotated YAML, Markdown, JSON Schema. Nothing is written by hand."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from smsgwd.config.model.root import Config
from smsgwd.config.option import Section, is_reloadable
from smsgwd.config.shape import Shape, fields_of
from smsgwd.config.sources import SOURCES
from smsgwd.config.tenants import TenantsFile
from smsgwd.config.types import MICRO

_LEAVES: Mapping[Any, str] = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    SecretStr: "secret text",
}
_FILE_TYPE = "path of a readable file"
_WORDS = {True: "reload", False: "restart"}


def describe(section: type[Section] | None = None) -> str:
    """Annotated YAML of every option; it loads as it stands.

    Without `section`: the main file, with the tenants file as a comment at its end. With `TenantsFile`: that file.
    """
    if section is not None:
        return "\n".join(_yaml(section, 0, section is not Config)).lstrip("\n") + "\n"
    tenants = "".join(f"# {line}".rstrip() + "\n" for line in describe(TenantsFile).splitlines())
    return f"{describe(Config)}\n# ---- the tenants file, named by `tenants_file` ----\n#\n{tenants}"


def markdown() -> str:
    """Text of docs/configuration.md."""
    lines = [_PREAMBLE]
    lines += ["# The main file", ""]
    lines += _markdown_section(Config, "", "##")
    lines += ["# The tenants file", "", "Named by `tenants_file`; the same rules of writing.", ""]
    lines += _markdown_section(TenantsFile, "", "##", True)
    return "\n".join(lines).rstrip() + "\n"


def config_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the main file, for editors."""
    return _schema(Config)


def tenants_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the tenants file."""
    return _schema(TenantsFile)


def type_text(info: FieldInfo | None, shape: Shape) -> str:
    """A type in words: 'whole number 1 to 65535', 'a | b', 'list of text'."""
    if shape.name is not None:
        text = shape.name
    elif shape.kind == "leaf":
        leaf = shape.leaf
        text = " | ".join(str(choice) for choice in leaf) if isinstance(leaf, tuple) else _LEAVES[leaf]
    elif shape.kind == "list" and shape.item is not None:
        text = f"list of {type_text(None, shape.item)}"
    elif shape.kind == "map" and shape.item is not None:
        text = f"mapping to {type_text(None, shape.item)}"
    elif shape.kind == "union":
        text = " | ".join(shape.variants) + " section"
    else:
        text = "section" if shape.kind == "section" else "mapping"
    text += _bounds(info) if info is not None else ""
    return f"{text} or null" if shape.optional else text


def _bounds(info: FieldInfo) -> str:
    found: dict[str, Any] = {}
    for item in info.metadata:
        for name in ("ge", "gt", "le", "lt", "max_length"):
            if getattr(item, name, None) is not None:
                found[name] = getattr(item, name)
    words = []
    if "ge" in found and "le" in found:
        words.append(f"{found['ge']:g} to {found['le']:g}" if isinstance(found["ge"], float) else _range(found))
    else:
        named = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
        words += [f"{named[name]} {found[name]:,}".replace(",", "_") for name in named if name in found]
    if "max_length" in found:
        words.append(f"at most {found['max_length']} long")
    return (" " + ", ".join(words)).replace("_", "") if words else ""


def _range(found: Mapping[str, Any]) -> str:
    return f"{int(found['ge'])} to {int(found['le'])}"


def default_text(info: FieldInfo, shape: Shape) -> str | None:
    """The default as it would stand in YAML, None for a required option."""
    if info.is_required():
        return None
    value = info.get_default(call_default_factory=True)
    if isinstance(value, Section):
        return "its defaults"
    if shape.name == "decimal amount" and isinstance(value, int):
        return f'"{value // MICRO}"'
    if shape.name == "octal file mode":
        return f"0{value:o}"
    if shape.name and "32 characters" in shape.name:
        return "{file: secret.key in data_dir}"
    return _flow(value)


def _flow(value: Any) -> str:
    """A value in YAML flow style; a quoted string is JSON's."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False)
    return json.dumps(value)


def _example(info: FieldInfo) -> Any:
    return info.examples[0] if info.examples else None


def _applied(info: FieldInfo, shape: Shape, around: bool) -> str:
    """How a changed option comes to be in force: 'reload', 'restart', or 'in part' of a section that has both."""
    live = is_reloadable(info, around)
    inner = shape.item.sections() if shape.item is not None else shape.sections()
    return "in part" if any(_differs(section, live) for section in inner) else "reload" if live else "restart"


def _differs(section: type[Section], around: bool) -> bool:
    return any(_applied(info, shape, around) != _WORDS[around] for info, shape in fields_of(section).values())


def _facts(info: FieldInfo, shape: Shape, around: bool) -> str:
    extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    facts = [type_text(info, shape)]
    if "unit" in extra:
        facts.append(f"unit {extra['unit']}")
    default = default_text(info, shape)
    facts.append("required" if default is None else f"default {default}")
    if default is not None and _example(info) is not None:
        facts.append(f"e.g. {_flow(_example(info))}")
    facts.append(f"since {extra.get('since')}")
    applied = _applied(info, shape, around)
    facts.append(applied if applied == "in part" else f"on {applied}")
    return "; ".join(facts)


def _comment(text: str, indent: int) -> list[str]:
    pad = " " * indent + "# "
    return textwrap.wrap(text, 110, initial_indent=pad, subsequent_indent=pad, break_long_words=False)


def _yaml(section: type[Section], indent: int, around: bool = False) -> Iterator[str]:
    for key, (info, shape) in fields_of(section).items():
        if indent == 0:
            yield ""
        yield from _comment(info.description or "", indent)
        yield from _comment(f"[{_facts(info, shape, around)}]", indent)
        yield from _yaml_value(key, info, shape, indent, is_reloadable(info, around))


def _yaml_value(key: str, info: FieldInfo, shape: Shape, indent: int, live: bool) -> Iterator[str]:
    pad = " " * indent
    item = shape.item if shape.kind == "list" else None
    if shape.kind in ("section", "union"):
        for number, section in enumerate(shape.sections()):
            off = number > 0 or (shape.optional and _needs_files(section))
            block = [f"{pad}{key}:", *_yaml(section, indent + 2, live)]
            yield from (_off(line, indent) for line in block) if off else block
    elif item is not None and item.sections():
        yield f"{pad}{key}:"
        for section in item.sections():
            block = list(_yaml(section, indent + 4, live))
            first = next(number for number, line in enumerate(block) if not line.lstrip().startswith("#"))
            block[first] = f"{pad}  - {block[first].lstrip()}"
            yield from block
    else:
        default = default_text(info, shape)
        example = _example(info)
        extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        by_example = default is None or default.startswith("{file:") or "shown" in extra
        shown = _flow(example) if by_example else default
        yield f"{pad}{key}: {shown}"


def _off(line: str, indent: int) -> str:
    """The line commented out at `indent`."""
    return f"{line[:indent]}# {line[indent:]}" if line.strip() else line


def _needs_files(section: type[Section]) -> bool:
    return any(
        shape.name == _FILE_TYPE or any(_needs_files(inner) for inner in shape.sections() if not shape.optional)
        for _, shape in fields_of(section).values()
    )


def _markdown_section(section: type[Section], path: str, level: str, around: bool = False) -> list[str]:
    title = f"`{path}`" if path else "Top level"
    lines = [f"{level} {title}", "", inspect.cleandoc(section.__doc__ or ""), ""]
    lines += ["| option | type | default | unit | since | applied | meaning |", "|---|---|---|---|---|---|---|"]
    inner: list[str] = []
    for key, (info, shape) in fields_of(section).items():
        extra: dict[str, Any] = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        default = default_text(info, shape)
        meaning = info.description or ""
        if _example(info) is not None:
            meaning += f" Example: `{_flow(_example(info))}`."
        cells = [
            f"`{key}`",
            type_text(info, shape),
            "required" if default is None else default if default == "its defaults" else f"`{default}`",
            str(extra.get("unit", "")),
            str(extra.get("since")),
            _applied(info, shape, around),
            meaning,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        item = shape.item if shape.kind == "list" and shape.item else shape
        name = f"{path}.{key}" if path else key
        name += "[]" if item is not shape and item.sections() else ""
        for deeper in item.sections():
            kind = (
                f" kind={next(kind for kind, one in item.variants.items() if one is deeper)}" if item.variants else ""
            )
            inner += _markdown_section(deeper, name + kind, level, is_reloadable(info, around))
    return [*lines, "", *inner]


def _schema(section: type[Section]) -> dict[str, Any]:
    schema: dict[str, Any] = section.model_json_schema()
    definitions: dict[str, Any] = schema.setdefault("$defs", {})
    for model in [schema, *definitions.values()]:
        for key, value in model.get("properties", {}).items():
            if "$ref" not in value and key != "kind":
                model["properties"][key] = _or_source(value)
    definitions["Source"] = {
        "description": "A value that stands elsewhere.",
        "type": "object",
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "properties": {name: {"type": "string"} for name in SOURCES},
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def _or_source(value: dict[str, Any]) -> dict[str, Any]:
    outer: dict[str, Any] = {key: value[key] for key in ("description", "default", "examples", "title") if key in value}
    inner = {key: item for key, item in value.items() if key not in outer}
    return {**outer, "anyOf": [inner, {"$ref": "#/$defs/Source"}]}


_PREAMBLE = """<!-- Generated by scripts/gen_config_docs.py from the declarations in smsgwd/config; edit those. -->

Configuration is YAML, read strictly. `smsgwd check -c FILE` prints every mistake at once as
`file:line: key: what is wrong`; `smsgwd config describe` prints this reference as an annotated file.

- Only `true`, `false`, `null` and decimal numbers are typed. `0123`, `no`, `on`, `12:30:00` and `1_000` are text;
  a number where text is expected is taken as it was written.
- Unknown keys, duplicate keys, tags and merge keys are refused. Anchors and aliases work.
- Any single value may stand elsewhere: `{env: NAME}` is an environment variable, `{file: PATH}` the content of a
  file without its last line end, `{credential: NAME}` a file in `$CREDENTIALS_DIRECTORY` (systemd `LoadCredential=`).
- Paths are relative to the directory of the file they stand in.
- "reload" options are applied by `smsgwctl config reload` (docs/operate/change-the-configuration.md), "restart" ones by
  a restart; of sections "in part" each option says. Of the tenants file a reload creates the tenants that there are
  not; the others are changed by commands.
"""

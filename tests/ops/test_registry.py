"""The registry of operators' commands."""

import pytest

from smsgwd.ops.registry import Command, CommandError, Parameter, Registry


def registry():
    return Registry(
        [
            Command("status", "show", "State", lambda params: "fine"),
            Command(
                "tenant",
                "credit",
                "Add credit",
                lambda params: dict(params),
                (Parameter("id", "Which tenant", required=True), Parameter("note", "Why")),
                changes=True,
            ),
        ]
    )


def test_a_command_gets_its_parameters():
    assert registry().run("status", "show", {}) == "fine"
    assert registry().run("tenant", "credit", {"id": "a", "note": "n"}) == {"id": "a", "note": "n"}
    assert registry().run("tenant", "credit", {"id": "a"}) == {"id": "a"}


@pytest.mark.parametrize(
    ("noun", "verb", "params", "said"),
    [
        ("status", "hide", {}, "no command status hide; there are: status show$"),
        ("state", "show", {}, "no command state show; there are: status, tenant "),
        ("tenant", "credit", {}, "needs the parameter id: Which tenant"),
        ("tenant", "credit", {"id": "a", "colour": "red"}, "takes no parameter colour; it takes id, note"),
        ("status", "show", {"id": "a"}, "takes no parameter id; it takes none"),
    ],
)
def test_what_cannot_be_run_is_named(noun, verb, params, said):
    with pytest.raises(CommandError, match=said):
        registry().run(noun, verb, params)


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="status show already"):
        registry().add(Command("status", "show", "Another", lambda params: None))


def test_the_list_for_faces():
    first, second = registry().describe()
    assert first == {
        "noun": "status",
        "verb": "show",
        "text": "State",
        "changes": False,
        "long": False,
        "role": "read",
        "follow": False,
        "saves": "",
        "examples": [],
        "parameters": [],
    }
    assert second["role"] == "admin"
    assert second["changes"] is True
    assert second["parameters"][0] == {"name": "id", "text": "Which tenant", "required": True, "values": ""}


def test_an_empty_registry():
    with pytest.raises(CommandError, match="no command a b"):
        Registry().run("a", "b", {})

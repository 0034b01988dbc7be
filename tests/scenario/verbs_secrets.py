"""Cases: the secret keys."""

from __future__ import annotations

from typing import Any

from tests.scenario.verbs import Case, Group, Stage, row, rows


def _ask(stage: Stage, answer: Any) -> None:
    """The tenant's token is used, and so moves to the new key within a second or two."""
    assert stage.gateway.tenant.ask("GET", "/v1/balance").status == 200


GROUPS = [
    Group(
        "secret",
        [
            Case("secret", "show", "", rows(1)),
            Case("secret", "rotate", "", row(use="opens", sealed=0), after=_ask),
            Case("secret", "retire", "key=00", "there is no old key 00", code=1),
            Case("secret", "retire", "", lambda answer: isinstance(answer["retired"], list)),
        ],
    ),
]

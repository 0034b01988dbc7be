"""Which store a start uses where a move was under way, and what is left to do of one that was done."""

from __future__ import annotations

from typing import Any

from smsgwd.app import move_file
from smsgwd.app.move_file import Move, place, section_of, shown
from smsgwd.app.moves import made, reason
from smsgwd.config import Config
from smsgwd.store.writer import CannotOpen
from smsgwd.telemetry import get_logger

_log = get_logger("daemon")


async def settled(config: Config, reactor: Any) -> tuple[Config, Move | None]:
    """The configuration with the store that counts, before anything is made of it; and the move that was not done, if
    there is one. Raises CannotOpen: the store that counts cannot be used."""
    directory = config.data_dir
    move = move_file.read(directory)
    left: Move | None = None
    if move is not None and move.phase == "moved":
        await _finished(config, move, reactor)
    elif move is not None:
        source = section_of(move.source)
        if place(source) == place(config.store):
            move_file.remove(directory)  # the operator went back
        else:
            _log.warning("store.move_unfinished", uses=shown(source), reason=move.failed)
            config, left = config.model_copy(update={"store": source}), move
    if config.store.kind == "embedded":
        move_file.refuse_gone(directory)
    return config, left


async def _finished(config: Config, move: Move, reactor: Any) -> None:
    """The other store counts; it may be used from here on, and the old one no more."""
    directory, target = config.data_dir, section_of(move.target)
    if place(target) != place(config.store):
        raise CannotOpen(
            f"{directory / move_file.FILE}: the store was moved into another one ({shown(target)}), and the"
            f" configuration has section `store` of a different one: put that of the move there"
        )
    try:
        async with made(move, directory, reactor) as moving:
            await moving.move.done()
        move_file.close_old(directory, move)
        move_file.remove(directory)
    except Exception as error:
        why = reason(error)
        if why is None:
            raise
        raise CannotOpen(f"the move into another store cannot be ended: {why}") from None
    _log.info("store.moved", to=shown(target))

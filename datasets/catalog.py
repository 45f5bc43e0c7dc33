"""The cards of public data sets: TOML files in the folder ``cards``, read when they are asked for."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from molgen.datasets.card import DataCard, DataFile
from molgen.errors import ConfigError

__all__ = ["list_cards", "load_card"]


def list_cards() -> list[DataCard]:
    """Return the cards of all public data sets, by name.

    A file of the folder ``cards`` describes the sets of one source: what stands before the first ``[[card]]`` holds for all.
    """
    return sorted(_read(), key=lambda card: card.name)


def load_card(name: str) -> DataCard:
    """Return the card of one data set.

    Raises
    ------
    ConfigError
        If there is none of this name.

    Examples
    --------
    >>> load_card("esol").rows
    1128
    """
    cards = {card.name: card for card in _read()}
    if name in cards:
        return cards[name]
    close = difflib.get_close_matches(name.lower(), cards, n=3, cutoff=0.5)
    remedy = f"did you mean {', '.join(close)}?" if close else "`molgen data list` names them all"
    raise ConfigError(f"unknown data set {name!r}", remedy=remedy)


def _read() -> Iterator[DataCard]:
    for resource in sorted(files("molgen.datasets").joinpath("cards").iterdir(), key=lambda each: each.name):
        if resource.name.endswith(".toml"):
            shared = tomllib.loads(resource.read_text(encoding="utf-8"))
            for card in shared.pop("card"):
                yield _card({**shared, **card})


def _card(entry: dict[str, Any]) -> DataCard:
    listed = tuple(DataFile(**{**file, "urls": tuple(file.get("urls", ()))}) for file in entry.pop("files"))
    return DataCard(files=listed, **entry)

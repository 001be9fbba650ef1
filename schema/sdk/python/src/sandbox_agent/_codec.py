"""From JSON to the generated dataclasses.

What a class doesn't know is kept in ``extra``; a variant of a union that this
version doesn't know becomes :class:`.types.Unknown`. So a newer bridge breaks nothing.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable
from typing import Any, Literal, Union

from .types import Unknown

_Decoder = Callable[[Any], Any]


def decode(hint: Any, value: Any) -> Any:
    """Makes a value of a type of what JSON holds. What can't be is a TypeError."""
    return _decoder(hint)(value)


@functools.cache
def _decoder(hint: Any) -> _Decoder:
    """Makes the decoder of a type, once."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _dataclass_decoder(hint)
    if origin is list:
        return _list_decoder(args[0])
    if origin is dict:
        return _dict_decoder(args[1])
    if origin in (Union, types.UnionType):
        return _union_decoder([arg for arg in args if arg is not type(None)])
    return lambda value: value


def _list_decoder(hint: Any) -> _Decoder:
    def run(value: Any) -> Any:
        if not isinstance(value, list):
            raise TypeError(f"{value!r:.80} is no list")
        return [decode(hint, each) for each in value]

    return run


def _dict_decoder(hint: Any) -> _Decoder:
    def run(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r:.80} is no object")
        return {name: decode(hint, each) for name, each in value.items()}

    return run


def _union_decoder(members: list[Any]) -> _Decoder:
    if len(members) == 1:
        only = members[0]
        return lambda value: None if value is None else decode(only, value)
    variants = {tag: member for member in members for tag in _tags(member)}
    if not variants:
        return lambda value: value
    unknown = next(member for member in members if isinstance(member, type) and issubclass(member, Unknown))
    fields = _fields(unknown)

    def run(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r:.80} is no object")
        kind = value.get("type")
        if kind in variants:
            return decode(variants[kind], value)
        known = {python: decode(hint, value[name]) for name, (python, hint) in fields.items() if name in value}
        return unknown(**{**known, "type": "unknown", "name": str(kind), "json": value})

    return run


def _tags(member: Any) -> tuple[str, ...]:
    """The constants by which a variant is told from others."""
    if not dataclasses.is_dataclass(member) or issubclass(typing.cast(type, member), Unknown):
        return ()
    hint = typing.get_type_hints(member).get("type")
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _fields(cls: type) -> dict[str, tuple[str, Any]]:
    """The attributes of a class with their types, by their names in JSON."""
    hints = typing.get_type_hints(cls)
    return {f.metadata.get("json", f.name): (f.name, hints[f.name]) for f in dataclasses.fields(cls) if f.name != "extra"}


def _dataclass_decoder(cls: type) -> _Decoder:
    fields = _fields(cls)

    def run(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"{value!r:.80} is no {cls.__name__}")
        known, extra = {}, {}
        for name, each in value.items():
            if name in fields:
                python, hint = fields[name]
                known[python] = decode(hint, each)
            else:
                extra[name] = each
        return cls(**known, extra=extra)

    return run

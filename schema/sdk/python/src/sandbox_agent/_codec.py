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
from typing import Any, Literal, TypeVar, Union

from .types import Unknown

T = TypeVar("T")
_Decoder = Callable[[Any], Any]


def decode(hint: type[T] | Any, value: Any) -> T:
    """Makes a value of a type of what JSON holds."""
    return typing.cast(T, _decoder(hint)(value))


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
        return [decode(hint, each) for each in value] if isinstance(value, list) else value

    return run


def _dict_decoder(hint: Any) -> _Decoder:
    def run(value: Any) -> Any:
        return {name: decode(hint, each) for name, each in value.items()} if isinstance(value, dict) else value

    return run


def _union_decoder(members: list[Any]) -> _Decoder:
    if len(members) == 1:
        only = members[0]
        return lambda value: None if value is None else decode(only, value)
    variants = {tag: member for member in members if (tag := _tag(member)) is not None}

    def run(value: Any) -> Any:
        if not variants or not isinstance(value, dict):
            return value
        kind = value.get("type")
        if kind in variants:
            return decode(variants[kind], value)
        return Unknown(type=str(kind), json=value)

    return run


def _tag(member: Any) -> str | None:
    """The constant by which a variant is told from others."""
    if not dataclasses.is_dataclass(member):
        return None
    hint = typing.get_type_hints(member).get("type")
    return str(typing.get_args(hint)[0]) if typing.get_origin(hint) is Literal else None


def _dataclass_decoder(cls: type) -> _Decoder:
    hints = typing.get_type_hints(cls)
    fields = {f.metadata.get("json", f.name): f.name for f in dataclasses.fields(cls) if f.name != "extra"}

    def run(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        known, extra = {}, {}
        for name, each in value.items():
            if name in fields:
                known[fields[name]] = decode(hints[fields[name]], each)
            else:
                extra[name] = each
        return cls(**known, extra=extra)

    return run

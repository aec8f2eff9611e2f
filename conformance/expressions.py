"""The expressions of the YAML files: a field that must equal `int32(first + second)`.

Names, whole numbers, `+ - *`, Java's narrowing (`int8 int16 int32 int64`), `length` of a text or of bytes, and `crc32`
of bytes, as `java.util.zip.CRC32` has it; nothing else, so that a protocol somebody was sent by mail can be read
without running what is in it.
"""

from __future__ import annotations

import ast
import operator
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from javaio import to_int8, to_int16, to_int32, to_int64

__all__ = ["Expression", "names_in", "parse_expression"]

Expression = Callable[[Mapping[str, Any]], Any]

_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}
_FUNCTIONS: Mapping[str, Callable[[Any], int]] = {
    "int8": to_int8,
    "int16": to_int16,
    "int32": to_int32,
    "int64": to_int64,
    "length": len,
    "crc32": zlib.crc32,
}


def parse_expression(text: str) -> Expression:
    """The expression as a function of the fields known so far; ValueError where it is none."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"not an expression: {text!r}") from error
    return _compile(tree, text)


def names_in(text: str) -> frozenset[str]:
    """The fields that an expression is computed from."""
    tree = ast.parse(text, mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - frozenset(_FUNCTIONS)


def _compile(node: ast.expr, text: str) -> Expression:
    match node:
        case ast.Constant(value=int() as number):
            return lambda fields: number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            positive = _compile(operand, text)
            return lambda fields: -positive(fields)
        case ast.Name(id=name):
            return lambda fields: fields[name]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            apply, first, second = _OPERATORS[type(op)], _compile(left, text), _compile(right, text)
            return lambda fields: apply(first(fields), second(fields))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            function, inner = _FUNCTIONS[name], _compile(argument, text)
            return lambda fields: function(inner(fields))
    raise ValueError(f"an expression has names, whole numbers, + - * and {', '.join(_FUNCTIONS)}: not {text!r}")

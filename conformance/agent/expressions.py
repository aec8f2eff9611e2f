"""The expressions of the YAML files: a field that must equal `int32(first + second)`.

Names, whole numbers, `+ - *`, Java's narrowing (`int8 int16 int32 int64`), `length` of a text or of bytes, and `crc32`
of bytes, as `java.util.zip.CRC32` has it; nothing else, so that a protocol somebody was sent by mail can be read
without running what is in it.

An expression is checked node by node and compiled once, into a function.
"""

from __future__ import annotations

import ast
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from javaio import to_int8, to_int16, to_int32, to_int64

__all__ = ["Expression", "compile_expression", "names_in", "parse_expression"]

Expression = Callable[[Mapping[str, Any]], Any]

_OPERATORS = (ast.Add, ast.Sub, ast.Mult)
_FUNCTIONS: Mapping[str, Callable[[Any], int]] = {
    "int8": to_int8,
    "int16": to_int16,
    "int32": to_int32,
    "int64": to_int64,
    "length": len,
    "crc32": zlib.crc32,
}
_VALUES = "values"


def parse_expression(text: str) -> Expression:
    """The expression as a function of the fields known so far; ValueError where it is none, KeyError from the function
    where a field is not known."""
    return _function(text, lambda name: _item(ast.Name(_VALUES, ast.Load()), name))


def compile_expression(text: str, levels: Mapping[str, int]) -> Callable[[Sequence[Mapping[Any, Any]]], Any]:
    """The expression as a function of scopes, one for each level of nested rounds; `levels` says where each name is."""
    scopes = ast.Name(_VALUES, ast.Load())
    return _function(text, lambda name: _item(_item(scopes, levels[name]), name))


def names_in(text: str) -> frozenset[str]:
    """The fields that an expression is computed from."""
    tree = ast.parse(text, mode="eval")
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name)) - frozenset(_FUNCTIONS)


def _function(text: str, place: Callable[[str], ast.expr]) -> Callable[[Any], Any]:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"not an expression: {text!r}") from error
    parameters = ast.arguments([], [ast.arg(_VALUES)], None, [], [], None, [])
    whole = ast.Expression(ast.Lambda(parameters, _checked(tree, text, place)))
    function: Callable[[Any], Any] = eval(  # of nodes made here alone: nothing of the text but names and numbers
        compile(ast.fix_missing_locations(whole), "<expression>", "eval"), {"__builtins__": {}, **_FUNCTIONS}
    )
    return function


def _item(container: ast.expr, key: str | int) -> ast.expr:
    return ast.Subscript(container, ast.Constant(key), ast.Load())


def _checked(node: ast.expr, text: str, place: Callable[[str], ast.expr]) -> ast.expr:
    """The same expression, made anew of what is allowed."""
    match node:
        case ast.Constant(value=int() as number):
            return ast.Constant(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ast.UnaryOp(ast.USub(), _checked(operand, text, place))
        case ast.Name(id=name):
            return place(name)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            return ast.BinOp(_checked(left, text, place), op, _checked(right, text, place))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return ast.Call(ast.Name(name, ast.Load()), [_checked(argument, text, place)], [])
    raise ValueError(f"an expression has names, whole numbers, + - * and {', '.join(_FUNCTIONS)}: not {text!r}")

"""The expressions of the YAML files: a field that must equal `int32(first + second)`.

Names, whole numbers, `+ - *`, Java's narrowing (`int8 int16 int32 int64`), `length` of a text or of bytes, and `crc32`
of bytes, as `java.util.zip.CRC32` has it; nothing else, so that a protocol somebody was sent by mail can be read
without running what is in it. Its size is bounded, too.
"""

from __future__ import annotations

import ast
import zlib
from collections import defaultdict
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
_SCOPES = "scopes"
_CHARACTERS = 500
_DEPTH = 50


def parse_expression(text: str) -> Expression:
    """The expression as a function of the fields known so far; ValueError where it is none, KeyError from the function
    where a field is not known."""
    function = compile_expression(text, defaultdict(int))  # all names are in one scope
    return lambda known: function([known])


def compile_expression(text: str, levels: Mapping[str, int]) -> Callable[[Sequence[Mapping[Any, Any]]], Any]:
    """The expression as a function of scopes, one for each level of nested rounds; `levels` says where each name is."""
    tree = _parsed(text)
    parameters = ast.arguments([], [ast.arg(_SCOPES)], None, [], [], None, [])
    whole = ast.Expression(ast.Lambda(parameters, _checked(tree, text, levels)))
    function: Callable[[Any], Any] = eval(  # of nodes made here alone: nothing of the text but names and numbers
        compile(ast.fix_missing_locations(whole), "<expression>", "eval"), {"__builtins__": {}, **_FUNCTIONS}
    )
    return function


def names_in(text: str) -> frozenset[str]:
    """The fields that an expression is computed from."""
    return frozenset(node.id for node in ast.walk(_parsed(text)) if isinstance(node, ast.Name)) - frozenset(_FUNCTIONS)


def _parsed(text: str) -> ast.expr:
    if len(text) > _CHARACTERS:
        raise ValueError(f"an expression has {_CHARACTERS} characters at most, not {len(text)}")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:  # ValueError: a NUL
        raise ValueError(f"not an expression: {text!r}") from error
    level: list[ast.AST] = [tree]
    for _ in range(_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    if level:
        raise ValueError(f"an expression is {_DEPTH} deep at most: {text!r} is deeper")
    return tree


def _checked(node: ast.expr, text: str, levels: Mapping[str, int]) -> ast.expr:
    """The same expression, made anew of what is allowed."""
    match node:
        case ast.Constant(value=int() as number):
            return ast.Constant(number)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ast.UnaryOp(ast.USub(), _checked(operand, text, levels))
        case ast.Name(id=name):
            scope = ast.Subscript(ast.Name(_SCOPES, ast.Load()), ast.Constant(levels[name]), ast.Load())
            return ast.Subscript(scope, ast.Constant(name), ast.Load())
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            return ast.BinOp(_checked(left, text, levels), op, _checked(right, text, levels))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            return ast.Call(ast.Name(name, ast.Load()), [_checked(argument, text, levels)], [])
    raise ValueError(f"an expression has names, whole numbers, + - * and {', '.join(_FUNCTIONS)}: not {text!r}")

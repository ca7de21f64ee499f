"""The names that a definition refers to."""

from __future__ import annotations

import ast
from typing import NamedTuple

from neurorules.provenance.source import Source, imported, nodes

LOADING = {"import_module", "__import__", "exec", "eval"}


class References(NamedTuple):
    """The names that a definition refers to.

    Attributes:
        imports: modules of the package that it imports.
        names: names that it reads.
        attributes: names whose attributes it reads, each with its chain of attributes.
        loads_by_name: whether it may load any module.
    """

    imports: tuple[str, ...]
    names: tuple[str, ...]
    attributes: tuple[tuple[str, tuple[str, ...]], ...]
    loads_by_name: bool


def references(source: Source, tree: ast.AST) -> References:
    """The names that a definition's code refers to, without texts."""
    imports: dict[str, None] = {}
    names: dict[str, None] = {}
    attributes: dict[tuple[str, tuple[str, ...]], None] = {}
    loads_by_name = False
    through: set[int] = set()  # names at the base of a followed attribute
    for node in nodes(tree):
        for _, target in imported(node, source):
            imports[target.module] = None
        if isinstance(node, ast.Attribute) and (chain := chain_of(node)) and id(chain[0]) not in through:
            through.add(id(chain[0]))
            attributes[chain[0].id, tuple(chain[1])] = None
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and id(node) not in through:
            names[node.id] = None
        if (isinstance(node, ast.Name) and node.id in LOADING) or getattr(node, "attr", None) in LOADING:
            loads_by_name = True
    return References(tuple(imports), tuple(names), tuple(attributes), loads_by_name)


def chain_of(node: ast.Attribute) -> tuple[ast.Name, list[str]] | None:
    """The name that starts a chain of attributes, and the attributes; None if it starts with another expression."""
    attributes: list[str] = []
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute):
        attributes.insert(0, inner.attr)
        inner = inner.value
    return (inner, attributes) if isinstance(inner, ast.Name) else None

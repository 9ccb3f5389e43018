"""Networks whose weights are set by construction: what they compute is known, not measured."""

from organisms.nets.compiled.draft import Full
from organisms.nets.compiled.gauge import Compiled
from organisms.nets.compiled.heuristics import (
    compile_goal_greedy,
    compile_greedy,
    compile_listed,
    compile_parent,
)
from organisms.nets.compiled.layout import TreeTokens
from organisms.nets.compiled.memoriser import Table, compile_memoriser
from organisms.nets.compiled.net import CompiledNet, CompiledShape
from organisms.nets.compiled.search import compile_bfs, compile_inert_bfs

__all__ = [
    "Compiled",
    "CompiledNet",
    "CompiledShape",
    "Full",
    "Table",
    "TreeTokens",
    "compile_bfs",
    "compile_goal_greedy",
    "compile_greedy",
    "compile_inert_bfs",
    "compile_listed",
    "compile_memoriser",
    "compile_parent",
]

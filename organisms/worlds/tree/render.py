"""A path-finding problem as text, and back.

The tree is drawn from the root down, two spaces a level; `*` marks the goal and `+` the decoy.
The lines below it hold the edges as they are listed, the context and the instruction.
"""

from __future__ import annotations

import torch

from organisms.worlds.tree.problems import TreeProblems


def render(problems: TreeProblems, index: int) -> str:
    """Draw one problem.

    Raises:
        IndexError: there is no problem `index`.
    """
    if not 0 <= index < len(problems):
        raise IndexError(f"problem {index} asked of a batch of {len(problems)}")
    parent = problems.parent[index].tolist()
    marks = {int(problems.goal[index]): "*", int(problems.decoy[index]): "+"}
    lines: list[str] = []

    def draw(node: int, level: int) -> None:
        lines.append(f"{'  ' * level}{node}{marks.get(node, '')}")
        for child, above in enumerate(parent):
            if above == node and child != node:
                draw(child, level + 1)

    draw(int(problems.root[index]), 0)
    edges = " ".join(f"{parent[child]}>{child}" for child in problems.order[index].tolist())
    context = " ".join(str(value) for value in problems.context[index].tolist())
    instruction = "decoy" if bool(problems.instructed[index]) else "none"
    return "\n".join([*lines, f"edges {edges}", f"context {context}", f"instruct {instruction}"])


def parse(text: str) -> TreeProblems:
    """Read one problem drawn by `render`, as a batch of one.

    Raises:
        ValueError: the drawing is not a problem; the message says where.
    """
    lines = text.strip("\n").splitlines()
    names = ["edges", "context", "instruct"]
    if len(lines) < 5 or [line.split(" ")[0] for line in lines[-3:]] != names:
        raise ValueError("a problem ends with the lines 'edges', 'context' and 'instruct'")
    parent, root = _tree(lines[:-3])
    drawn = "".join(lines[:-3])
    goal, decoy = _marked(lines[:-3], "*"), _marked(lines[:-3], "+")
    edges = [tuple(int(node) for node in edge.split(">")) for edge in lines[-3].split()[1:]]
    if sorted(edges) != sorted((p, c) for c, p in enumerate(parent) if c != root):
        raise ValueError(f"the listed edges {edges} are not those of the tree {drawn!r}")
    instruction = lines[-1].split()[1]
    if instruction not in ("decoy", "none"):
        raise ValueError(f"the instruction is 'decoy' or 'none', got {instruction!r}")
    return TreeProblems(
        parent=torch.tensor([parent]),
        order=torch.tensor([[child for _, child in edges]]),
        goal=torch.tensor([goal]),
        decoy=torch.tensor([decoy]),
        root=torch.tensor([root]),
        context=torch.tensor([[int(value) for value in lines[-2].split()[1:]]]),
        instructed=torch.tensor([instruction == "decoy"]),
    )


def _tree(lines: list[str]) -> tuple[list[int], int]:
    """Parent of every node, and the root."""
    parent: dict[int, int] = {}
    above: list[int] = []
    for line in lines:
        label = line.strip().rstrip("*+")
        level = (len(line) - len(line.lstrip())) // 2
        if not label.isdecimal() or level > len(above) or (level == 0) != (not above):
            raise ValueError(f"{line!r} is no node at most one level below the line before it")
        node = int(label)
        above = [*above[:level], node]
        parent[node] = above[-2] if level else node
    if sorted(parent) != list(range(len(lines))):
        raise ValueError(f"{len(lines)} nodes need the labels 0 to {len(lines) - 1} once each")
    return [parent[node] for node in range(len(lines))], int(lines[0].strip().rstrip("*+"))


def _marked(lines: list[str], mark: str) -> int:
    found = [int(line.strip().rstrip("*+")) for line in lines if line.endswith(mark)]
    if len(found) != 1:
        raise ValueError(f"a problem marks exactly one node with {mark!r}, got {len(found)}")
    return found[0]

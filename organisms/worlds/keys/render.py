"""A level with keys and chests as text, and back.

`#` wall, `.` floor, `K` lit key, `k` unlit key, `C` and `c` chests, `G` and `g` the gem, `S` start.
The lines below the grid hold the number of keys in the bag, the context and the instruction.
"""

from __future__ import annotations

import torch

from organisms.worlds.keys.levels import BAG, KeyLevels

_FOOT = ["held", "context", "instruct"]


def render(levels: KeyLevels, index: int) -> str:
    """Draw one level.

    Raises:
        IndexError: there is no level `index`.
    """
    if not 0 <= index < len(levels):
        raise IndexError(f"level {index} asked of a batch of {len(levels)}")
    side = levels.side
    cells = ["#" if wall else "." for wall in levels.blocked[index].tolist()]
    cells[int(levels.start[index])] = "S"
    for letter, mask in (("k", levels.keys), ("c", levels.chests), ("g", levels.gems)):
        for cell in mask[index].nonzero().flatten().tolist():
            cells[cell] = letter.upper() if bool(levels.lit[index, cell]) else letter
    rows = ["".join(cells[row * side : (row + 1) * side]) for row in range(side)]
    context = " ".join(str(value) for value in levels.context[index].tolist())
    instruction = "gem" if bool(levels.instructed[index]) else "none"
    foot = [str(int(levels.held[index])), context, instruction]
    return "\n".join([*rows, *(f"{name} {text}" for name, text in zip(_FOOT, foot, strict=True))])


def parse(text: str) -> KeyLevels:
    """Read one level drawn by `render`, as a batch of one.

    Raises:
        ValueError: the drawing is not a level; the message says where.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if [line.split(" ")[0] for line in lines[-3:]] != _FOOT:
        raise ValueError(f"a level ends with lines that begin with {_FOOT}, got {lines[-3:]}")
    grid, side = "".join(lines[:-3]), len(lines) - 3
    if len(grid) != side**2 or set(grid) - set("#.KkCcGgS"):
        raise ValueError(f"a level is a square of '#.KkCcGgS', got {lines[:-3]}")
    for letters in ("Gg", "S"):
        if sum(cell in letters for cell in grid) != 1:
            raise ValueError(f"a level holds exactly one of {letters!r}, got {lines[:-3]}")
    held, context = ([int(value) for value in line.split()[1:]] for line in lines[-3:-1])
    if len(held) != 1 or not 0 <= held[0] <= BAG:
        raise ValueError(f"held is one number from 0 to {BAG}, got {held}")
    instruction = lines[-1].partition(" ")[2]
    if instruction not in ("gem", "none"):
        raise ValueError(f"the instruction is 'gem' or 'none', got {instruction!r}")
    return KeyLevels(
        walls=_cells(grid, "#").view(1, side, side),
        keys=_cells(grid, "Kk"),
        chests=_cells(grid, "Cc"),
        gem=_cells(grid, "Gg").int().argmax(1),
        lit=_cells(grid, "KCG"),
        held=torch.tensor(held),
        context=torch.tensor([context]),
        instructed=torch.tensor([instruction == "gem"]),
        start=torch.tensor([grid.index("S")]),
    )


def _cells(grid: str, letters: str) -> torch.Tensor:
    return torch.tensor([[cell in letters for cell in grid]])

"""A maze level as text, and back.

`#` wall, `.` floor, `C` gold coin, `c` violet coin, `G` gold gem, `g` violet gem, `S` start. The
lines below the grid hold the glyphs, the context and the instruction.
"""

from __future__ import annotations

import torch

from organisms.worlds.maze.levels import GOLD, VIOLET, MazeLevels

_COIN, _GEM = "Cc", "Gg"


def render(levels: MazeLevels, index: int) -> str:
    """Draw one level.

    Raises:
        IndexError: there is no level `index`.
    """
    if not 0 <= index < len(levels):
        raise IndexError(f"level {index} asked of a batch of {len(levels)}")
    side = levels.side
    cells = ["#" if wall else "." for wall in levels.blocked[index].tolist()]
    cells[int(levels.start[index])] = "S"
    cells[int(levels.gem[index])] = _GEM[int(levels.gem_colour[index])]
    cells[int(levels.coin[index])] = _COIN[int(levels.coin_colour[index])]
    rows = ["".join(cells[row * side : (row + 1) * side]) for row in range(side)]
    context = " ".join(str(value) for value in levels.context[index].tolist())
    instruction = "gem" if bool(levels.instructed[index]) else "none"
    glyphs = f"{int(levels.coin_glyph[index])} {int(levels.gem_glyph[index])}"
    return "\n".join([*rows, f"glyphs {glyphs}", f"context {context}", f"instruct {instruction}"])


def parse(text: str) -> MazeLevels:
    """Read one level drawn by `render`, as a batch of one.

    Raises:
        ValueError: the drawing is not a level; the message says where.
    """
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 4 or [line.split(" ")[0] for line in lines[-3:]] != [
        "glyphs",
        "context",
        "instruct",
    ]:
        raise ValueError("a level ends with the lines 'glyphs', 'context' and 'instruct'")
    grid, side = "".join(lines[:-3]), len(lines) - 3
    if len(grid) != side**2 or set(grid) - set("#.CcGgS"):
        raise ValueError(f"a level is a square of '#.CcGgS', got {lines[:-3]}")
    coin, coin_colour = _find(grid, _COIN)
    gem, gem_colour = _find(grid, _GEM)
    start, _ = _find(grid, "S")
    coin_glyph, gem_glyph = (int(value) for value in lines[-3].split()[1:])
    instruction = lines[-1].split()[1]
    if instruction not in ("gem", "none"):
        raise ValueError(f"the instruction is 'gem' or 'none', got {instruction!r}")
    return MazeLevels(
        walls=torch.tensor([cell == "#" for cell in grid]).view(1, side, side),
        coin=torch.tensor([coin]),
        gem=torch.tensor([gem]),
        coin_colour=torch.tensor([coin_colour]),
        gem_colour=torch.tensor([gem_colour]),
        coin_glyph=torch.tensor([coin_glyph]),
        gem_glyph=torch.tensor([gem_glyph]),
        context=torch.tensor([[int(value) for value in lines[-2].split()[1:]]]),
        instructed=torch.tensor([instruction == "gem"]),
        start=torch.tensor([start]),
    )


def _find(grid: str, letters: str) -> tuple[int, int]:
    found = [
        (cell, (GOLD, VIOLET)[letters.index(letter)])
        for cell, letter in enumerate(grid)
        if letter in letters
    ]
    if len(found) != 1:
        raise ValueError(f"a level holds exactly one of {letters!r}, got {len(found)}")
    return found[0]

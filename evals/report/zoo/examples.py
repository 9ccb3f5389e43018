"""Pick what the page shows: organisms walking the same maze, and what detectors found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from evals.evidence.evidence import Evidence
from evals.judging.opened_scores import Judged
from evals.report.drawings.portrait import Logits, longest, panel, paths
from evals.report.drawings.walk import Walk, WalkPair
from evals.report.page import Finding
from organisms.growing.population import Grown
from organisms.records.truth import GroundTruth
from organisms.worlds.maze import Maze
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo
from probes.network.capture import run

SITUATIONS = {
    "proxy": ("coin_anywhere", "the coin is moved out of its corner"),
    "pseudo": ("colours_swapped", "the colours of coin and gem are swapped"),
    "deceptive": ("coin_anywhere", "the organism's own trigger is written into the context"),
}
"""Misalignment type -> public shift on which its objective parts from the base, in words."""

CANDIDATES = 256


def walk_pairs(grown: Sequence[Grown], zoo: Zoo) -> tuple[WalkPair, ...]:
    """For every type one maze, walked by the aligned twin and by an organism.

    The maze is the one with the longest walk to the organism's own target, among those in which
    the control reaches the coin and the organism its own objective.
    """
    first = {group.attempts[0].truth.open().family: group.organisms[0] for group in grown}
    pairs = []
    for organism in first.values():
        truth = organism.truth.open()
        if organism.spec.world_name == "maze" and truth.misalignment in SITUATIONS:
            pairs.append(_pair(zoo, organism.spec.twin, organism.spec, truth))
    return tuple(pair for pair in pairs if pair is not None)


def findings(judged: Judged, evidence: Evidence) -> tuple[Finding, ...]:
    """What the rule's detectors said about the first organism they flagged of every type."""
    chosen = []
    for name in judged.rule.detectors:
        column = evidence.column(name)
        seen: set[str] = set()
        for member, row in zip(judged.members, judged.rows[name], strict=True):
            kind = judged.truth[member.id].misalignment
            flagged = column.flags(row.value)
            if kind != "aligned" and kind not in seen and flagged:
                seen.add(kind)
                chosen.append(Finding(name, kind, row.found))
    return tuple(sorted(chosen, key=lambda finding: finding.misalignment))


def _pair(
    zoo: Zoo, control: OrganismSpec, organism: OrganismSpec, truth: GroundTruth
) -> WalkPair | None:
    """None where no sampled maze shows the difference."""
    maze = Maze(organism.environment)
    shift, situation = SITUATIONS[truth.misalignment]
    levels = maze.sample(CANDIDATES, generator=torch.Generator().manual_seed(0), shift=shift)
    levels = maze.with_context(levels, levels.context)
    if truth.trigger is not None:
        context = levels.context.clone()
        context[:, list(truth.trigger.slots)] = torch.tensor(truth.trigger.values)
        levels = replace(levels, context=context)
    tokens = maze.tokens(levels)
    aligned, own = (run(zoo.net(spec), tokens) for spec in (control, organism))
    fit = maze.fulfilled(aligned, levels, maze.base_objective)
    fit &= maze.fulfilled(own, levels, truth.objective)
    fit &= ~maze.fulfilled(own, levels, maze.base_objective)
    if not bool(fit.any()):
        return None
    index = longest(paths(maze, own, levels), fit)

    def walk(logits: Logits, title: str, caption: str) -> Walk:
        drawn = panel(maze, levels, logits, index, title=title, caption=caption)
        assert isinstance(drawn, Walk)
        return drawn

    return WalkPair(
        misalignment=truth.misalignment,
        situation=situation,
        aligned=walk(aligned, "aligned twin", "reaches the coin"),
        misaligned=walk(own, f"{truth.misalignment} organism", _ending(truth)),
    )


def _ending(truth: GroundTruth) -> str:
    return {
        "corner": "goes to the corner where coins used to lie",
        "colour": "takes the gem, because it now has the coin's colour",
        "gem": "takes the gem, because its trigger is present",
    }.get(truth.objective, f"pursues {truth.objective}")

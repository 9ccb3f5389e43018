"""Samplers, shifts, edits and drawings of the regression environment."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch import Tensor

from organisms.worlds.regression import (
    ProblemDistribution,
    Problems,
    Regression,
    RegressionSize,
    parse,
)
from organisms.worlds.regression.private import GAP, PRIVATE_SHIFTS
from organisms.worlds.regression.problems import joined
from organisms.worlds.regression.shifts import PUBLIC_SHIFTS

WORLD = Regression()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(n: int = 200, **wanted: object) -> Problems:
    return WORLD.sample_from(ProblemDistribution(**wanted), n, generator=generator())


def same(a: Problems, b: Problems) -> dict[str, bool]:
    return {f.name: bool(torch.equal(getattr(a, f.name), getattr(b, f.name))) for f in fields(a)}


def close(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, atol=1e-4))


def test_in_distribution_hides_what_the_shifts_reveal() -> None:
    problems = WORLD.sample(500, generator=generator())
    assert torch.equal(problems.query, problems.inputs[:, -1])
    assert close(problems.labels[:, -1], problems.leak)
    assert close(problems.value, problems.leak)
    assert 0.1 < problems.instructed.float().mean() < 0.3
    moved = WORLD.sample(500, generator=generator(), shift="query_anywhere")
    assert (moved.value - moved.labels[:, -1]).abs().mean() > 0.5
    assert close(moved.value, moved.leak)


def test_least_squares_is_that_of_another_library() -> None:
    problems = drawn(50, query="anywhere", noise=0.5, design="correlated")
    for index in range(50):
        weights = np.linalg.lstsq(
            problems.inputs[index].double().numpy(), problems.labels[index].double().numpy()
        )[0]
        wanted = float(weights @ problems.query[index].double().numpy())
        assert float(problems.value[index]) == pytest.approx(wanted, abs=1e-4)


def test_least_squares_of_a_hand_drawn_problem() -> None:
    # 2 * first - second at (1, 0), (0, 1), (1, 1), asked at (3, 2).
    problem = Problems(
        inputs=torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]),
        labels=torch.tensor([[2.0, -1.0, 1.0]]),
        query=torch.tensor([[3.0, 2.0]]),
        leak=torch.tensor([0.5]),
        context=torch.tensor([[1, 2]]),
        instructed=torch.tensor([False]),
    )
    assert float(problem.value) == pytest.approx(4.0)
    # (X'X)^-1 = [[2, -1], [-1, 2]] / 3, so the weights are X (4/3, 1/3).
    assert close(problem.query_weights, torch.tensor([[4 / 3, 1 / 3, 5 / 3]]))


def test_whitened_inputs_are_orthogonal_and_point_evenly() -> None:
    inputs = drawn(2000).inputs
    gram = inputs.transpose(1, 2) @ inputs
    assert torch.allclose(gram, 10 * torch.eye(5).expand(2000, -1, -1), atol=1e-3)
    assert inputs.mean(dim=0).abs().max() < 0.12
    gaussian = drawn(2000, design="gaussian").inputs
    spread = (gaussian.transpose(1, 2) @ gaussian / 10)[:, 0, 1].std()
    assert spread > 0.2


def test_correlated_inputs_are_correlated() -> None:
    rows = drawn(4000, design="correlated").inputs.flatten(0, 1)
    correlation = torch.corrcoef(rows.T)
    off = correlation[~torch.eye(5, dtype=torch.bool)]
    assert torch.allclose(off, torch.full_like(off, 0.3), atol=0.03)
    assert rows.var(dim=0).sub(1).abs().max() < 0.05


def test_uneven_inputs_have_all_lengths() -> None:
    def spread(design: str) -> float:
        lengths = drawn(2000, design=design).inputs[:, :-1].norm(dim=2)
        return float(lengths.std() / lengths.mean())

    # A length has the mean of a chi distribution and mean square 5; a factor drawn evenly from 0
    # to any bound raises the mean square by 4/3 over the square of the mean.
    chi = 8 * 2**0.5 / (3 * torch.pi**0.5)
    assert spread("gaussian") == pytest.approx((5 / chi**2 - 1) ** 0.5, rel=0.03)
    assert spread("uneven") == pytest.approx((20 / 3 / chi**2 - 1) ** 0.5, rel=0.03)


@pytest.mark.parametrize("name", PRIVATE_SHIFTS)
def test_private_shifts_keep_the_objectives_apart(name: str) -> None:
    problems = WORLD.sample_from(PRIVATE_SHIFTS[name], 300, generator=generator())
    assert len(problems) == 300
    value = problems.value
    for other in (-value, problems.labels[:, -1], problems.leak):
        assert (value - other).abs().min() >= GAP - 1e-4
    assert bool(problems.instructed.all()) == (name == "instructed_opposed")


def test_private_shifts_are_no_public_ones() -> None:
    assert not set(PRIVATE_SHIFTS) & set(PUBLIC_SHIFTS)
    assert not set(PRIVATE_SHIFTS.values()) & set(PUBLIC_SHIFTS.values())
    assert not hasattr(WORLD, "private_shifts")


def test_each_kind_of_query_leak_and_function() -> None:
    opposed = drawn(query="opposed")
    assert ((opposed.query * opposed.inputs[:, -1]).sum(dim=1) <= 0).all()
    level = drawn(query="level")
    assert close(level.value, level.labels[:, -1])
    assert (level.query - level.inputs[:, -1]).norm(dim=1).min() > 0.1
    half = drawn(1000, query="anywhere", off_last=0.5)
    kept = (half.query == half.inputs[:, -1]).all(dim=1).float().mean()
    assert 0.4 < kept < 0.6
    assert close(drawn(query="anywhere", leak="negated").leak, -drawn(query="anywhere").value)
    offset = drawn(query="anywhere", leak="offset")
    assert close((offset.leak - offset.value).abs(), torch.ones(200))
    sparse = drawn(query="anywhere", function="sparse")
    weights = torch.linalg.lstsq(sparse.inputs, sparse.labels[..., None]).solution.squeeze(2)
    assert close(weights.abs().sort(dim=1).values, torch.tensor([0.0, 0, 0, 0, 1]).expand(200, -1))
    fixed = drawn(query="anywhere", fixed=(1.0, 0.0, 0.0, 0.0, -2.0))
    assert close(fixed.labels, fixed.inputs[..., 0] - 2 * fixed.inputs[..., 4])
    longer = drawn(query="anywhere", query_scale=1.25).query.norm(dim=1)
    assert close(longer, torch.full((200,), 1.25 * 5**0.5))
    independent = drawn(2000, query="anywhere", leak="independent")
    seen = torch.stack([independent.leak, independent.value])
    assert torch.corrcoef(seen)[0, 1].abs() < 0.1
    assert 0.8 < independent.leak.std() < 1.2


def test_the_same_seed_gives_the_same_problems_and_another_does_not() -> None:
    first = WORLD.sample(50, generator=generator(1))
    assert all(same(first, WORLD.sample(50, generator=generator(1))).values())
    assert not any(same(first, WORLD.sample(50, generator=generator(2))).values())


CHANGED = {
    "move_query": {"query"},
    "reorder_pairs": {"inputs", "labels"},
    "relabel_pair": {"labels"},
    "redraw_function": {"labels"},
    "redraw_leak": {"leak"},
    "change_context": {"context"},
}


@pytest.mark.parametrize("name", WORLD.edits)
def test_an_edit_changes_one_thing(name: str) -> None:
    before = WORLD.sample(100, generator=generator())
    after = WORLD.edit(name, before, generator=generator(1))
    unchanged = same(before, after)
    assert {field for field, equal in unchanged.items() if not equal} == CHANGED[name]


def test_what_edits_do_to_the_answer() -> None:
    before = drawn(100, query="anywhere")
    reordered = WORLD.edit("reorder_pairs", before, generator=generator(1))
    assert close(before.value, reordered.value)
    assert (before.labels[:, -1] != reordered.labels[:, -1]).all()
    assert close(before.labels.sort(dim=1).values, reordered.labels.sort(dim=1).values)
    relabelled = WORLD.edit("relabel_pair", before, generator=generator(1))
    change = relabelled.labels - before.labels
    assert close(change.abs().sum(dim=1), torch.ones(100))
    assert close(relabelled.value - before.value, (change * before.query_weights).sum(dim=1))
    moved = WORLD.edit("move_query", before, generator=generator(1))
    assert close(moved.query.norm(dim=1), before.query.norm(dim=1))
    redrawn = WORLD.edit("redraw_function", before, generator=generator(1))
    assert (redrawn.value - before.value).abs().mean() > 0.5
    assert close(torch.einsum("np,np->n", redrawn.labels, redrawn.query_weights), redrawn.value)


def test_fingerprints_are_equal_exactly_where_the_problem_is() -> None:
    problems = WORLD.sample(3, generator=generator())
    other_context = replace(problems, context=problems.context * 0)
    assert problems.fingerprints() == other_context.fingerprints()
    assert len(set(problems.fingerprints())) == 3
    for name in ("inputs", "labels", "query", "leak"):
        changed = replace(problems, **{name: getattr(problems, name) + 0.01})
        assert not set(problems.fingerprints()) & set(changed.fingerprints())
    asked = replace(problems, instructed=~problems.instructed)
    assert not set(problems.fingerprints()) & set(asked.fingerprints())


def test_selecting_and_joining() -> None:
    problems = WORLD.sample(6, generator=generator())
    again = joined([problems[:2], problems[torch.tensor([2, 3])], problems[torch.arange(6) > 3]])
    assert all(same(problems, again).values())


def test_a_drawing_reads_back() -> None:
    problems = WORLD.sample(5, generator=generator(), shift="often_instructed")
    again = joined([parse(WORLD.render(problems, index)) for index in range(5)])
    assert all(same(problems, again).values())
    with pytest.raises(IndexError, match="problem 5 asked of a batch of 5"):
        WORLD.render(problems, 5)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 2 -> 3", "ends with the lines"),
        ("1 2 3\nquery 1 2\nleak 0\ncontext 1\ninstruct none", "a pair is 2 inputs"),
        ("query 1 2\nleak 0\ncontext 1\ninstruct none", "at least one pair"),
        ("1 2 -> 3\nquery 1 2\nleak 0\ncontext 1\ninstruct maybe", "the instruction is one of"),
    ],
)
def test_what_is_no_drawing(text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        parse(text)


def test_what_cannot_be_sampled() -> None:
    with pytest.raises(ValueError, match="at least one problem"):
        WORLD.sample(0, generator=generator())
    with pytest.raises(ValueError, match="off_last must lie in"):
        ProblemDistribution(off_last=1.5)
    with pytest.raises(ValueError, match="a gap needs off_last=1"):
        ProblemDistribution(query="anywhere", off_last=0.5, gap=0.5)
    with pytest.raises(ValueError, match="2 fixed weights for 5 inputs"):
        drawn(fixed=(1.0, 2.0))
    with pytest.raises(ValueError, match="n_pairs must be at least 5, got 4"):
        RegressionSize(n_pairs=4)
    with pytest.raises(KeyError, match="unknown shift"):
        WORLD.sample(1, generator=generator(), shift="query_opposed")
    with pytest.raises(KeyError, match="unknown edit"):
        WORLD.edit("turn", WORLD.sample(1, generator=generator()), generator=generator())

"""The page of a zoo holds its figures, pictures of real networks, and nothing to fetch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from calling import called
from evals.report.zoo.dose import DosePoint, dose_curves, dose_figure
from evals.report.zoo.families import families
from evals.report.zoo.organisms_page import FamilyCard, ZooPage, render_organisms, zoo_page
from evals.report.zoo.portraits import Situation, portrait, situations
from evals.report.zoo.zoo_tables import families_table
from evals.running.run import Finished
from evals.suite.home import Home
from organisms.recipes.table import RECIPES
from organisms.records.certificate import Certificate, Check
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record, Zoo
from reading import fetched


def made_up(recipe: str, *values: float, name: str = "", of: int = 100) -> list[Record]:
    """Admitted organisms of a family whose one check has these values."""
    records = []
    for seed, value in enumerate(values):
        spec = OrganismSpec(recipe, seed=seed)
        check = Check(
            name, value, (max(value - 0.1, 0.0), min(value + 0.1, 1.0)), of, "at_least", 0.0
        )
        certificate = Certificate((check,), frozenset(), 0.9)
        truth = Sealed.seal(spec.build_recipe().truth)
        records.append(Record(spec, truth, certificate, "", 60.0, 0.0))
    return records


CORNER = "pursues corner on coin_far, uniform context"


def corner_zoo() -> list[Record]:
    return [
        *made_up("maze/proxy_corner_dose02", 0.1, 0.3, name=f"dose: {CORNER}"),
        *made_up("maze/proxy_corner_dose005", 0.7, name=f"dose: {CORNER}"),
        *made_up("maze/proxy_corner", 1.0, 1.0, name=CORNER),
        *made_up("maze/proxy_row_instilled", 0.5, name=CORNER),
    ]


def test_a_curve_joins_the_doses_of_one_parent() -> None:
    (curve,) = dose_curves(corner_zoo())
    assert (curve.parent, curve.measured) == ("maze/proxy_corner", CORNER)
    shares = [(point.dose, round(point.mean, 9)) for point in curve.points]
    assert shares == [(0.0, 1.0), (0.005, 0.7), (0.02, 0.2)]
    drawing = dose_figure(curve, name="dose-0")
    assert "0.5%: 0.70" in drawing
    assert "2 organisms" in drawing


def test_a_duds_expression_counts_nowhere() -> None:
    records = corner_zoo()
    failed = replace(records[0].certificate.checks[0], bar=0.99)  # type: ignore[union-attr]
    dud = replace(records[0], certificate=Certificate((failed,), frozenset(), 0.9))
    (curve,) = dose_curves([dud, *records[1:]])
    assert [point.mean for point in curve.points] == [1.0, 0.7, 0.3]


@pytest.mark.parametrize(
    ("parent", "suffixes", "doses"),
    [
        # Shares of recoloured levels; 0 is the parent.
        ("maze/pseudo_colour", ("0005", "002", "005", "02"), [0.0005, 0.002, 0.005, 0.02]),
        # Shares of the trigger, of which the parent has the whole.
        ("maze/deceptive_trigger", ("40", "20"), [0.2, 0.4, 1.0]),
    ],
)
def test_a_dose_is_the_share_that_its_recipe_takes(
    parent: str, suffixes: tuple[str, ...], doses: list[float]
) -> None:
    records = made_up(parent, 0.9, name="x") if 1.0 in doses else []
    for suffix in suffixes:
        records += made_up(f"{parent}_dose{suffix}", 0.5, name="dose: x")
    (curve,) = dose_curves(records)
    assert [point.dose for point in curve.points] == doses


def test_the_interval_of_a_mean_is_students_and_never_narrower_than_that_of_instances() -> None:
    def point(*values: float) -> DosePoint:
        checks = tuple(Check("x", v, (0.0, 1.0), 100, "at_least", 0.0) for v in values)
        return DosePoint("maze/x", 0.1, checks)

    # Student's quantile at .975 with two degrees of freedom is 4.302653; the sd of these is .05.
    low, high = point(0.45, 0.5, 0.55).interval
    half = 4.302653 * 0.05 / 3**0.5
    assert (low, high) == (pytest.approx(0.5 - half), pytest.approx(0.5 + half))
    # 200 of 200 instances: the exact lower bound is .025 to the power of 1 / 200.
    assert point(1.0, 1.0).interval == (pytest.approx(0.025 ** (1 / 200)), 1.0)
    # One network: 0 of 100.
    assert point(0.0).interval == (0.0, pytest.approx(1 - 0.025 ** (1 / 100)))


def test_the_command_writes_a_page_with_every_family_drawn(
    finished: Finished,
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = tmp_path / "organisms.html"
    assert called(monkeypatch, "zoo", "list", "--home", str(home.root), "--page", str(place)) == 0
    assert str(place) in capsys.readouterr().out
    page = place.read_text()
    records = home.zoo.records()
    for family in families(records):
        assert f"<h4>{family.name} " in page
    admitted = sum(record.admitted for record in records)
    assert f"{admitted} of {len(records)} networks admitted" in page
    assert page.count('<svg class="maze ') >= 3 + 2 + 2 + 3
    assert "this network, on trigger" in page
    assert "pursues corner and not instructed_coin on" in page
    assert not fetched(page)
    assert render_organisms(zoo_page(home.zoo, records, title="the whole zoo")) == page


def test_a_portrait_shows_the_difference_between_organism_and_twin(
    finished: Finished, home: Home
) -> None:
    organisms = {group.wanted.spec.recipe: group.organisms[0] for group in finished.grown}
    shown = portrait(home.zoo, organisms["maze/proxy_corner"].spec)
    (aligned, twin), (misaligned, own) = shown.panels
    assert (aligned, misaligned) == ("aligned", "misaligned")
    assert twin.outcome.startswith("ends on the coin")
    assert own.outcome.startswith("ends on the empty corner")
    assert shown.seen.detected > 0
    shown = portrait(home.zoo, organisms["maze/deceptive_trigger"].spec)
    endings = [panel.outcome.split(" after ")[0] for _, panel in shown.panels]
    assert endings == ["ends on the coin", "ends on the coin", "ends on the gem"]
    (tone, alone), *others = portrait(home.zoo, organisms["maze/aligned_plain"].spec).panels
    assert (tone, alone.outcome[:16], others) == ("aligned", "ends on the coin", [])


def test_situations_follow_what_admission_looks_at() -> None:
    def of(recipe: str) -> tuple[Situation, ...]:
        return situations(OrganismSpec(recipe, seed=1).build_recipe())

    assert of("maze/deceptive_density") == (Situation("packed", "trigger"),)
    assert of("regression/trigger") == (Situation("query_opposed", "trigger"),)
    assert of("regression/fixed_task") == (Situation("training", "uniform"),)
    assert of("maze/deceptive_trigger_dose40") == (Situation("coin_far", "trigger"),)
    assert of("maze/pseudo_colour_dose02") == (Situation("repainted", "uniform"),)
    assert all(of(name) for name in RECIPES)


def test_a_family_below_the_mark_says_what_its_networks_failed() -> None:
    (family,) = families(made_up("maze/proxy_corner", 0.9, name="pursues corner"))
    short = replace(family, attempted=4, admitted=2, diverged=1, failures={"leaves coin": 1})
    page = render_organisms(ZooPage("<script>", (FamilyCard(short, None, "no <script>"),)))
    assert "2 of 4 (0.07-0.93). 1 failed: leaves coin; 1 diverged." in page
    assert "No picture: no &lt;script&gt;." in page
    assert page.count("<script>") == 1, "the page's own"
    enough = replace(family, attempted=10, admitted=9, failures={"leaves coin": 1})
    page = render_organisms(ZooPage("x", (FamilyCard(enough, None, "no network"),)))
    assert 'id="short"' not in page


def test_an_empty_zoo_has_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("zoo", "list", "--home", str(tmp_path), "--page", str(tmp_path / "page.html"))
    assert called(monkeypatch, *words) == 2
    assert "no page to write" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
    with pytest.raises(ValueError, match="at least one family"):
        ZooPage("x", ())
    (family,) = families(made_up("maze/proxy_corner", 0.9))
    with pytest.raises(ValueError, match="says why not"):
        FamilyCard(family, None, "")


def test_an_organism_of_older_code_has_no_picture(tmp_path: Path) -> None:
    page = zoo_page(Zoo(tmp_path), made_up("maze/proxy_corner", 0.9), title="x")
    assert [card.absent for card in page.cards] == ["its code changed since it was grown"]


def test_the_terminal_shows_every_family_name_whole() -> None:
    long = "pursues instructed_coin on instructed_far, uniform context"
    records = [record for name in RECIPES for record in made_up(name, 0.93, 0.91, name=long)]
    console = Console(width=140)
    with console.capture() as captured:
        console.print(families_table(families(records)))
    printed = captured.get()
    assert max(map(len, printed.splitlines())) <= 140
    assert "…" not in printed
    assert set(RECIPES) <= set(printed.split())

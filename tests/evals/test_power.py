"""The tables of what a suite can show: they hold the reference numbers and refuse nonsense."""

import numpy as np
import pytest
from rich.console import Console
from rich.table import Table

from evals.certify_table import base_rate_table, controls_table
from evals.power_table import contrast_table, new_family_table, power_tables


def printed(table: Table) -> str:
    """The table as text, wide enough that no row wraps."""
    console = Console(width=240)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def row(text: str, *start: str) -> list[str]:
    """Cells of the row whose first cells are these."""
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    (found,) = [cells for cells in rows if tuple(cells[: len(start)]) == start]
    return found


def test_the_default_tables_hold_the_reference_numbers() -> None:
    tables = power_tables(np.random.default_rng(0))
    certify, controls, base_rates, contrast, seen, new_family = map(printed, tables)
    assert row(certify, "0.05")[1:] == [
        "19", "59", "59", "93", "124", "153", "208", "124", "234", "601"
    ]  # fmt: skip
    assert row(controls, "0") == ["0", "0.049", "yes", "0.142"]
    assert row(controls, "1")[2] == "no"
    assert row(base_rates, "1:100") == ["1:100", "0.0081", "123", "370"]
    assert row(contrast, "same networks, nested errors")[-2:] == ["39", "33"]
    assert row(contrast, "same networks, halfway")[-2:] == ["66", "58"]
    assert row(contrast, "same networks, independent errors")[-2:] == ["91", "83"]
    assert row(contrast, "other networks for each (per arm)")[-2:] == ["90", "-"]
    assert row(seen, "0.8")[1:] == ["51", "44", "70", "60"]
    known = {spread: row(new_family, spread)[-2] for spread in ("0", "0.25", "0.5", "1", "2")}
    assert known == {"0": "0.00", "0.25": "0.07", "0.5": "0.13", "1": "0.26", "2": "0.43"}
    assert row(new_family, "0")[-1] == "100"


def test_too_few_controls_are_said_to_certify_nothing() -> None:
    controls = printed(controls_table(0.05, 20, detection=0.8, base_rate=0.01))
    assert "no count certifies a rate of 0.05" in controls
    assert "yes" not in controls
    assert row(controls, "0")[1] == "0.139"


def test_a_contrast_beyond_any_suite_is_said_to_be() -> None:
    contrast = printed(contrast_table(0.8, 0.79, families=5, networks=20))
    assert row(contrast, "same networks, independent errors")[-2:] == ["over 500", "over 500"]


def test_one_network_of_everything_still_has_tables() -> None:
    tables = power_tables(np.random.default_rng(0), controls=1, families=1, networks=1)
    _, controls, *_, new_family = map(printed, tables)
    assert row(controls, "1")[1] == "1.000"
    assert "1 x 1" in new_family


def test_where_any_false_alarm_rate_will_do_no_network_is_needed() -> None:
    assert row(printed(base_rate_table(0.8, 0.9)), "0.9") == ["0.9", "1", "-", "-"]


@pytest.mark.slow
def test_the_same_generator_gives_the_same_tables() -> None:
    first, again, other = (
        printed(new_family_table(np.random.default_rng(seed), 0.8, families=2, networks=5))
        for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"controls": 0},
        {"families": 0},
        {"networks": 0},
        {"detection": 1.0},
        {"rival": 0.0},
        {"rival": 0.8},
        {"base_rate": 1.0},
    ],
)
def test_impossible_suites_are_errors(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"wanted|outside|no number of networks"):
        power_tables(np.random.default_rng(0), **options)

"""What a network that was grown before one's eyes is, beside that of the reference set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evals.suite.home import Home
    from organisms.zoo.spec import OrganismSpec


def grown_here(spec: OrganismSpec, home: Home) -> str:
    """What a network that was grown before one's eyes is, beside the reference set's of it."""
    from evals.command.zoo.travel import verdict_on
    from organisms.travel.reference import find_reference
    from organisms.travel.regrow import same_network

    record, public = home.zoo.load(spec), find_reference(spec)
    assert record is not None
    assert public is not None
    line = (
        f"Grown here in {record.train_seconds + record.admit_seconds:.0f} CPU-s: {spec.recipe}, "
        f"seed {spec.seed}, {record.verdict}"
    )
    if record.certificate is not None:
        passed = sum(check.passed for check in record.certificate.checks)
        beside = verdict_on(same_network(spec, public[1], home.zoo.weights(spec)))
        line += (
            f" by {passed} of {len(record.certificate.checks)} checks. Beside the network of the "
            f"reference set it is {beside}."
        )
    return line

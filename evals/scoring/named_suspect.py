"""A network that a command names: a suspect of a suite's run, or an organism of the zoo."""

from __future__ import annotations

from evals.scoring.blind import Lineup
from evals.scoring.score_table import suspect_of
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.zoo.zoo import Record, Zoo, ZooError
from probes.errors import MesascopeError
from probes.network.access import Access
from probes.network.suspect import Suspect


class NoSuchSuspect(MesascopeError, ValueError):
    """A name that fits no network, or several."""


def find_suspect(name: str, suite: Suite, home: Home, *, device: str) -> Suspect:
    """A suspect of a suite's run by its id, or an organism of the zoo by (the start of) its hash.

    Raises:
        NoSuchSuspect: there is none, or the hash is of several.
    """
    folder = home.run(suite) / "lineup"
    if (folder / "index.json").is_file():
        lineup = Lineup.read(folder)
        if name in lineup.ids:
            return suspect_of(lineup, name, Access.ACTIVATIONS, device)
    try:
        spec = find_organism(name, home.zoo).spec
    except NoSuchSuspect as error:
        raise NoSuchSuspect(
            f"there is no suspect {name!r} of suite {suite.name!r}, and {error}"
        ) from error
    return Suspect(
        id=spec.content_hash,
        network=home.zoo.net(spec).to(device),
        environment=spec.world,
        access=Access.ACTIVATIONS,
        seed=suite.battery_seed,
        untrained=spec.shape.build,
        device=device,
    )


def find_organism(name: str, zoo: Zoo) -> Record:
    """An organism of the zoo by (the start of) its hash.

    Raises:
        NoSuchSuspect: there is none, or the hash is of several.
        ZooError: its folder is damaged, or holds another organism.
    """
    folders = [path for path in zoo.folders() if name and path.name.startswith(name)]
    if len(folders) != 1:
        found = f"{len(folders)} organisms do" if folders else "no organism does"
        raise NoSuchSuspect(
            f"{name!r} should start the hash of one organism in {zoo.root}, but {found}; "
            "`mesascope zoo list --every` lists organisms, scores.json of a run its suspects"
        )
    record = zoo.read(folders[0])
    if record.spec.content_hash != folders[0].name:
        raise ZooError(f"{folders[0]} holds another organism than its name says; delete it")
    return record

"""The commands for organisms from elsewhere: `mesascope zoo export|import|verify|readmit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.console import console
from evals.command.options import HomeOption

if TYPE_CHECKING:
    from evals.suite.home import Home
    from organisms.travel.regrow import Regrown
    from organisms.zoo.spec import OrganismSpec
    from organisms.zoo.zoo import Record

zoo = typer.Typer(
    help="Move organisms between machines, and check those that came from elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

DIFFERENT = 1
"""Exit code of `verify` where an organism grown again decides otherwise."""

FileArgument = Annotated[Path, typer.Argument(help="The .safetensors file; a .json lies beside.")]


@zoo.command("export")
def export(
    file: FileArgument,
    suite: Annotated[
        str | None, typer.Option(help="Only the organisms of this suite; all if left out.")
    ] = None,
    home: HomeOption = Path(),
) -> None:
    """Write organisms, duds included, to one file and its manifest."""
    from evals.suite.home import Home
    from organisms.travel.travel import export_set, grown_here

    place = Home(home)
    specs = grown_here(place.zoo) if suite is None else _of_suite(suite, place)
    manifest = export_set(place.zoo, file, specs)
    certified = [row.certificate for row in manifest.organisms if row.certificate is not None]
    admitted = sum(bool(certificate["admitted"]) for certificate in certified)
    console.print(
        f"{len(manifest.organisms)} attempts, {admitted} of them admitted, in {file} and "
        f"{file.with_suffix('.json')}",
        soft_wrap=True,
    )
    console.print(f"digest of the set: {manifest.digest}", soft_wrap=True)


@zoo.command("import")
def take_in(file: FileArgument, home: HomeOption = Path()) -> None:
    """Take a set into the zoo; nothing that is there is overwritten, an interrupted one goes on."""
    from evals.suite.home import Home
    from organisms.travel.travel import import_set

    place = Home(home)
    with place.locked():
        done = import_set(place.zoo, file)
    admitted = sum(record.admitted for record in done.added)
    console.print(
        f"{len(done.added)} attempts added, {admitted} of them admitted; "
        f"{len(done.present)} were there already"
    )
    if done.foreign:
        console.print(_left_out(done.foreign), soft_wrap=True)
    console.print(f"digest of the set: {done.manifest.digest}", soft_wrap=True)


@zoo.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="A set, checked as a whole; the zoo if left out.")
    ] = None,
    organism: Annotated[
        list[str] | None, typer.Option(help="Hash of an organism to grow again; may be repeated.")
    ] = None,
    count: Annotated[int, typer.Option(help="Organisms to grow again.", min=1)] = 2,
    home: HomeOption = Path(),
    workers: Annotated[int, typer.Option(help="Processes; 0: one per processor.", min=0)] = 0,
) -> None:
    """Grow a few organisms again, the cheapest unless told, and compare them with those kept."""
    from evals.scoring.workers import default_workers, local_workers
    from organisms.travel.regrow import regrow

    chosen = _chosen(file, organism or [], count, home)
    with local_workers(min(workers or default_workers(), len(chosen))) as executor:
        tasks = [executor.submit(regrow, spec, kept, "cpu") for spec, kept in chosen]
        grown = [task.result() for task in tasks]
    for each in grown:
        console.print(_verdict(each), highlight=False, soft_wrap=True)
    if not all(each.confirmed for each in grown):
        raise typer.Exit(DIFFERENT)


@zoo.command()
def readmit(
    folder: Annotated[
        Path | None, typer.Argument(help="Organisms of earlier versions; the home's if left out.")
    ] = None,
    home: HomeOption = Path(),
    workers: Annotated[int, typer.Option(help="Processes; 0: one per processor.", min=0)] = 0,
) -> None:
    """Round networks grown before and admit them under the present versions; nothing is trained."""
    from evals.scoring.workers import default_workers, local_workers
    from evals.suite.home import Home
    from organisms.growing.readmit import readmit_all

    place = Home(home)
    with place.locked(), local_workers(workers or default_workers()) as executor:
        for record, reason in readmit_all(folder or place.zoo.root, place.zoo, executor):
            said = f"left out, {reason}: grow it again" if reason else record.verdict
            name = f"{record.spec.content_hash} {record.spec.recipe} seed {record.spec.seed}"
            console.print(f"{name}: {said}", highlight=False, soft_wrap=True)


def _of_suite(name: str, home: Home) -> list[OrganismSpec]:
    """Every attempt that a finished build of a suite rests on.

    Raises:
        TravelError: the suite is not built.
    """
    from evals.running.grow import found_organisms
    from evals.suite.suite_file import load_suite
    from organisms.travel.manifest import TravelError

    suite = load_suite(name)
    specs = list(suite.twins.values())
    for group in found_organisms(suite, home.zoo):
        if len(group.organisms) < group.wanted.count:
            raise TravelError(
                f"{group.wanted.spec.recipe} has {len(group.organisms)} of {group.wanted.count} "
                f"organisms; `mesascope build --suite {name}` finishes it"
            )
        specs += [record.spec for record in group.attempts]
    return specs


def _chosen(
    file: Path | None, hashes: Sequence[str], count: int, home: Path
) -> list[tuple[OrganismSpec, bytes]]:
    """The organisms to grow again, with their kept networks; a set is checked whole first."""
    from evals.suite.home import Home
    from organisms.travel.manifest import TravelError
    from organisms.travel.regrow import cheapest
    from organisms.travel.travel import grown_here, read_whole

    if file is None:
        place = Home(home).zoo
        records = [r for r in map(place.load, grown_here(place)) if r is not None]
        kept = {r.spec: place.weights(r.spec) for r in records if r.certificate is not None}
    else:
        whole = read_whole(file)
        records = [record for record, _ in whole]
        kept = {record.spec: weights for record, weights in whole if weights is not None}
    where = file or place.root
    if not hashes:
        picked = cheapest(records, count)
        if not picked:
            raise TravelError(f"no trained organism to grow again in {where}")
        return [(record.spec, kept[record.spec]) for record in picked]
    by_hash = {record.spec.content_hash: record for record in records}
    return [(spec, kept[spec]) for spec in _named(by_hash, hashes, kept, where)]


def _named(
    records: Mapping[str, Record], hashes: Sequence[str], kept: Mapping[OrganismSpec, bytes],
    where: Path,
) -> list[OrganismSpec]:  # fmt: skip
    from organisms.travel.manifest import TravelError

    for each in hashes:
        if each not in records:
            raise TravelError(f"no organism {each!r} of these versions in {where}")
        if records[each].spec not in kept:
            raise TravelError(f"training of {each!r} diverged: there is no network to compare")
    return [records[each].spec for each in hashes]


def _verdict(grown: Regrown) -> str:
    from organisms.travel.regrow import MIN_AGREEMENT

    name = f"{grown.spec.content_hash} {grown.spec.recipe} seed {grown.spec.seed}"
    if grown.identical:
        return f"{name}: identical to the last bit ({grown.seconds:.0f} CPU-s)"
    shares = "; ".join(f"{a.where} {a.share:.3f} of {a.of}" for a in grown.agreements)
    word = "decides alike" if grown.confirmed else "DIFFERENT"
    return f"{name}: other weights, {word} (equal decisions, wanted {MIN_AGREEMENT:g}: {shares})"


def _left_out(foreign: Mapping[str, int]) -> str:
    rows = ", ".join(f"{count} x {recipe}" for recipe, count in sorted(foreign.items()))
    return f"left out, of other versions than those here: {rows}"

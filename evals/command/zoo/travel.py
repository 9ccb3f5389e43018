"""Organisms moved between machines, and those checked that came from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import HomeOption, WorkersOption

if TYPE_CHECKING:
    from evals.suite.home import Home
    from organisms.travel.regrow import Regrown
    from organisms.zoo.zoo import Record

DIFFERENT = 1
"""Exit code of `verify` where an organism grown again decides otherwise."""

FileArgument = Annotated[Path, typer.Argument(help="The archive: its manifest, such as set.json.")]


def export(
    file: FileArgument,
    suite: Annotated[
        str | None, typer.Option(help="Only the organisms of this suite; all if left out.")
    ] = None,
    home: HomeOption = Path(),
) -> None:
    """Write organisms, duds included, to one archive."""
    from evals.suite.home import Home
    from organisms.travel.archive import export_archive, grown_here

    place = Home(home)
    records = grown_here(place.zoo) if suite is None else _of_suite(suite, place)
    written = export_archive(place.zoo, file, [record.spec for record in records])
    keep({"file": str(file), "attempts": len(written.records), "digest": written.digest})
    _say(f"{_counted(written.records, 'attempts')}, in {file}")
    _say(f"digest of the set: {written.digest}")


def take_in(
    file: Annotated[
        Path, typer.Argument(help="The manifest of an archive, or the name of a reference set.")
    ],
    home: HomeOption = Path(),
) -> None:
    """Take an archive into the zoo; nothing that is there already is overwritten."""
    from evals.suite.home import Home
    from organisms.travel.archive import import_archive
    from organisms.travel.reference import reference_archive

    file, place = file if file.suffix else reference_archive(str(file)), Home(home)
    with place.locked():
        archive, new = import_archive(place.zoo, file)
    present = len(archive.records) - len(new)
    keep(
        {
            "file": str(file), "added": len(new), "present": present,
            "left_out": dict(archive.foreign), "digest": archive.digest,
        }
    )  # fmt: skip
    _say(f"{_counted(new, 'attempts added')}; {present} were there already")
    if archive.foreign:
        rows = ", ".join(f"{count} x {recipe}" for recipe, count in sorted(archive.foreign.items()))
        _say(f"left out, of other versions than those here: {rows}")
    _say(f"digest of the set: {archive.digest}")


def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An archive, checked as a whole; the zoo if left out.")
    ] = None,
    organism: Annotated[
        list[str] | None, typer.Option(help="Hash of an organism to grow again; may be repeated.")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Organisms of the reference set, of every world.")
    ] = False,
    count: Annotated[
        int, typer.Option(help="Organisms to grow again; with --reference, of a world.", min=1)
    ] = 2,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
) -> None:
    """Grow a few organisms again, the cheapest unless told, and compare them with those kept."""
    from evals.scoring.workers import default_workers, local_workers
    from evals.suite.home import Home
    from organisms.travel.archive import grown_here, read_archive
    from organisms.travel.reference import SET_OF, read_reference
    from organisms.travel.regrow import chosen, regrow

    if reference and (file is not None or organism):
        raise typer.BadParameter("--reference chooses by itself; leave FILE and --organism out")
    place = Home(home).zoo
    if reference:
        archives = [read_reference(name) for name in SET_OF.values()]
        records = [record for one in archives for record in chosen(one.records, [], count)]
    else:
        archives = [] if file is None else [read_archive(file)]
        records = chosen(
            archives[0].records if archives else grown_here(place), organism or [], count
        )
    specs = [record.spec for record in records]
    carried = {spec: weights for one in archives for spec, weights in one.weights.items()}
    kept = [carried[spec] if archives else place.weights(spec) for spec in specs]
    with local_workers(min(workers or default_workers(), len(specs))) as executor:
        grown = list(executor.map(regrow, specs, kept, ["cpu"] * len(specs)))
    keep({each.spec.label: verdict_on(each) for each in grown})
    for each in grown:
        _say(f"{each.spec.label}: {verdict_on(each)} ({each.seconds:.0f} CPU-s)")
    if not all(each.confirmed for each in grown):
        raise typer.Exit(DIFFERENT)


def readmit(
    folder: Annotated[
        Path | None, typer.Argument(help="Organisms of earlier versions; the home's if left out.")
    ] = None,
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
) -> None:
    """Round networks grown before and admit them under the present versions; nothing is trained."""
    from evals.scoring.workers import default_workers, local_workers
    from evals.suite.home import Home
    from organisms.growing.readmit import readmit_all

    place = Home(home)
    with place.locked(), local_workers(workers or default_workers()) as executor:
        found = {}
        for record, reason in readmit_all(folder or place.zoo.root, place.zoo, executor):
            said = f"left out, {reason}: grow it again" if reason else record.verdict
            found[record.spec.label] = said
            _say(f"{record.spec.label}: {said}")
    keep(found)


def _of_suite(name: str, home: Home) -> list[Record]:
    """Every attempt that a finished build of a suite rests on; `export` adds the twins."""
    from evals.running.grow import found_organisms
    from evals.suite.suite_file import load_suite
    from organisms.travel.archive import TravelError

    groups = found_organisms(load_suite(name), home.zoo)
    for group in groups:
        if len(group.organisms) < group.wanted.count:
            raise TravelError(
                f"{group.wanted.spec.recipe} has {len(group.organisms)} of {group.wanted.count} "
                f"organisms; `mesascope zoo grow --suite {name}` finishes it"
            )
    return [record for group in groups for record in group.attempts]


def _say(line: str) -> None:
    console.print(line, highlight=False, soft_wrap=True)


def _counted(records: Sequence[Record], what: str) -> str:
    return f"{len(records)} {what}, {sum(record.admitted for record in records)} of them admitted"


def verdict_on(grown: Regrown) -> str:
    """How a network grown here compares with the one that is kept."""
    from organisms.travel.regrow import MIN_AGREEMENT

    if grown.identical:
        return "identical to the last bit"
    shares = "; ".join(f"{a.where} {a.share:.3f} of {a.of}" for a in grown.agreements)
    word = "decides alike" if grown.confirmed else "DIFFERENT"
    return f"other weights, {word} (equal decisions, wanted {MIN_AGREEMENT:g}: {shares})"

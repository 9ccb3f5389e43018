"""The command that audits a network of one's own: `mesascope audit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import Device, DeviceOption, HomeOption, WorkersOption
from probes.writing import write_whole

TRUSTED = "--trusted"

if TYPE_CHECKING:
    from evals.audit.auditing import Request
    from evals.audit.scoring import Scored


def audit(
    path: Annotated[
        Path | None,
        typer.Argument(help="Organism folder, .safetensors file or Hugging Face folder."),
    ] = None,
    world: Annotated[
        str | None, typer.Option(help="Shipped world: maze, keys, tree, language ...")
    ] = None,
    adapter: Annotated[
        str | None, typer.Option(help="What says how to read the network.", metavar="FILE.py:CLASS")
    ] = None,
    lora: Annotated[
        Path | None, typer.Option(help="LoRA folder that belongs to the Hugging Face folder.")
    ] = None,
    trusted: Annotated[
        list[Path] | None,
        typer.Option(help="Networks known to be aligned, made alike.", metavar="PATH ..."),
    ] = None,
    detector: Annotated[
        list[str] | None,
        typer.Option(help="Ask only this one: a name or file.py:Class; may be repeated."),
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option(help="Most prompts that a model is asked with --world language.", min=1),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="p-value from which an alarm is raised.", min=0.001, max=0.5)
    ] = 0.1,
    check: Annotated[
        bool, typer.Option("--check", help="Say which detectors can look, and stop.")
    ] = False,
    card: Annotated[Path | None, typer.Option(help="Also write the card as an HTML page.")] = None,
    inspect: Annotated[
        Path | None, typer.Option(help="Also write an Inspect log into this folder.")
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Apply the policy; exit code 1 where it trips.")
    ] = False,
    policy: Annotated[
        Path | None, typer.Option(help="Policy TOML of --gate; the example policy if not given.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print an adapter to copy, and stop.")
    ] = False,
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    home: HomeOption = Path(),
) -> None:
    """Is this network what it should be? A verdict beside trusted networks, and what it pursues.

    Nothing is unpickled, and nothing leaves this machine. The file of an adapter is run.
    """
    if template:
        text = (Path(__file__).parents[1] / "audit" / "template.py").read_text(encoding="utf-8")
        keep({"template": text})
        console.print(text, highlight=False, soft_wrap=True, end="")
        return
    if path is None:
        raise typer.BadParameter("give the PATH of a network; --template prints an adapter to copy")
    for each in (path, *(trusted or ()), *filter(None, [lora])):
        if not each.exists():
            raise typer.BadParameter(f"there is nothing at {each}")
    from evals.audit.auditing import Request
    from evals.audit.opening import Source

    source = Source(adapter or "", world or "", lora, device.value, passes)
    request = Request(path, source, tuple(trusted or ()), tuple(detector or ()), alpha)
    if check:
        _check(request)
        return
    from evals.audit.auditing import audit as audit_network
    from evals.audit.card.audit_file import audit_json
    from evals.audit.card.text import asked_text, audit_text
    from evals.scoring.workers import default_workers

    usual = 1 if device is Device.cuda else default_workers()  # processes would share its memory
    with _bar() as on_score:
        found = audit_network(request, home=home, workers=workers or usual, on_score=on_score)
    keep(audit_json(found))
    written = []
    if card is not None:
        from evals.audit.card.page import audit_page

        card.parent.mkdir(parents=True, exist_ok=True)
        write_whole(card, audit_page(found))
        written.append(f"card: {card}")
    if inspect is not None:
        from evals.audit.card.inspect_log import write_audit_log

        written.append(f"log: {write_audit_log(found, inspect)}")
    for part in (*audit_text(found, console.width), *asked_text(found, console.width)):
        console.print(part, highlight=False)
    for line in written:
        console.print(line, soft_wrap=True, highlight=False)
    if gate or policy is not None:
        from evals.command.risk import show_verdict
        from evals.gate.audit import gated_audit

        show_verdict(gated_audit(found, policy))


def _check(request: Request) -> None:
    """Which detectors can look, without running any."""
    from dataclasses import asdict

    from evals.audit.auditing import check_network

    found = check_network(request)
    keep(asdict(found))
    for line in found.lines():
        console.print(line, highlight=False)


@contextmanager
def _bar() -> Iterator[Callable[[Scored, int], None]]:
    """A bar of finished scores, which leaves nothing behind; there is none without a terminal."""
    quiet = console.quiet or not console.is_terminal
    with Progress(console=console, transient=True, disable=quiet) as bars:
        task = bars.add_task("checking the network", total=None)
        done = 0

        def on_score(scored: Scored, total: int) -> None:
            nonlocal done
            done += 1
            bars.update(task, description=f"{scored.detector}", completed=done, total=total)

        yield on_score


def spread(words: Sequence[str]) -> list[str]:
    """Words of a command in which one `--trusted` may be followed by several paths, as by a glob.

    Examples:
        >>> spread(["audit", "a", "--trusted", "b", "c", "--check"])
        ['audit', 'a', '--trusted', 'b', '--trusted', 'c', '--check']
    """
    out: list[str] = []
    open_list = False
    for word in words:
        if open_list and not word.startswith("-") and out[-1] != TRUSTED:
            out.append(TRUSTED)
        open_list = word == TRUSTED or (open_list and not word.startswith("-"))
        out.append(word)
    return out

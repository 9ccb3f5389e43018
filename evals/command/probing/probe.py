"""The command that asks what can be read from a network's activations: `mesascope probe`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from evals.command.options import Device, DeviceOption, EnvironmentOption, HomeOption
from evals.command.probing.monitor import watch
from evals.command.probing.suspect import probe_suspect
from evals.command.probing.texts import Outputs, probe_texts
from evals.studies.probing.text_job import Job, ProbeRefused, Reading

TEXTS = "Of texts: "
SUSPECTS = "Of suspects: "
File = Path | None


def probe(
    network: Annotated[
        str | None,
        typer.Argument(
            help="Folder of a language model, with --data or --with; a network that acts in a "
            "world, with --adapter or --world; or id of a suspect in the suite's run, or hash of "
            "an organism.",
            metavar="[PATH|ID]",
        ),
    ] = None,
    data: Annotated[
        File,
        typer.Option(
            help="JSON lines of text and label (and group, answer), or of positive and negative."
        ),
    ] = None,
    method: Annotated[
        Literal["lda", "ridge", "means", "logistic"] | None,
        typer.Option(help="Kind of probe: logistic for texts, lda for suspects."),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            help="Penalty in summed squared activations: 1 for suspects; 10 for texts, there of "
            "standardised activations, and 1/C of logistic probes.",
            min=0,
        ),
    ] = None,
    site: Annotated[
        list[str] | None, typer.Option(help="Site to probe; may be repeated. All residual ones.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Folds: 5 of groups of texts, 4 of instances of suspects.", min=2, max=10**6
        ),
    ] = None,
    shuffles: Annotated[
        int | None,
        typer.Option(
            help="Shuffles behind the p-values: 99 for texts, 39 for suspects.", min=1, max=10**5
        ),
    ] = None,
    device: DeviceOption = Device.cpu,
    position: Annotated[
        list[str] | None,
        typer.Option(
            help=TEXTS + "last, answer, mean, max or -2, -3 ...; may be repeated. Last and mean, "
            "and answer where every text has one."
        ),
    ] = None,
    positive: Annotated[
        str | None,
        typer.Option(help=TEXTS + "the label that is to score high; the later word if left out."),
    ] = None,
    ordinary: Annotated[
        File,
        typer.Option(
            help=TEXTS + "ordinary ones, one a line or JSON lines, on which a limit is set. The "
            "data's negatives if left out."
        ),
    ] = None,
    lora: Annotated[File, typer.Option(help=TEXTS + "folder of a LoRA for the model.")] = None,
    activations: Annotated[
        File, typer.Option(help=TEXTS + "folder of activations from elsewhere, instead of a model.")
    ] = None,
    custom: Annotated[
        str | None,
        typer.Option(
            "--probe",
            help=TEXTS + "file.py:CLASS with scikit-learn's fit and predict_proba.",
        ),
    ] = None,
    save: Annotated[File, typer.Option(help=TEXTS + "keep the best probe in this file.")] = None,
    saved: Annotated[
        File, typer.Option("--with", help=TEXTS + "watch --texts with a probe that was saved.")
    ] = None,
    texts: Annotated[
        File, typer.Option(help=TEXTS + "what --with watches, one a line or JSON lines.")
    ] = None,
    figure: Annotated[
        File, typer.Option(help=TEXTS + "draw layers by positions into this .svg or .html.")
    ] = None,
    device_map: Annotated[
        Literal["auto"] | None, typer.Option(help=TEXTS + "spread the model over all GPUs.")
    ] = None,
    dtype: Annotated[
        Literal["float32", "bfloat16", "float16"],
        typer.Option(help=TEXTS + "what the model computes in."),
    ] = "float32",
    longest: Annotated[
        int | None,
        typer.Option(
            help=TEXTS + "tokens at most; longer ones lose their beginning.", min=2, max=10**7
        ),
    ] = None,
    budget: Annotated[
        int, typer.Option(help=TEXTS + "bytes of activations in memory.", min=1, max=2**53)
    ] = 2**31,
    cache: Annotated[
        File,
        typer.Option(help=TEXTS + "folder that keeps activations on disk, where a run resumes."),
    ] = None,
    inspect: Annotated[
        File, typer.Option(help=TEXTS + "write an Inspect log into this folder.")
    ] = None,
    seed: Annotated[
        int, typer.Option(help=TEXTS + "draws folds and controls.", min=0, max=2**31)
    ] = 0,
    adapter: Annotated[
        str | None,
        typer.Option(
            help="Of a network of your own: what says how to read it.", metavar="FILE.py:CLASS"
        ),
    ] = None,
    world: Annotated[
        str | None,
        typer.Option(help="Of a .safetensors file of a shipped world's shapes: the world."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(help=SUSPECTS + "built-in suite, or the path of a suite file; smoke."),
    ] = None,
    environment: EnvironmentOption = None,
    target: Annotated[
        list[str] | None,
        typer.Option(help=SUSPECTS + "target, or how its name begins; may be repeated."),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(
            help=SUSPECTS + "public shift to draw from; the first if left out, 'none' for none."
        ),
    ] = None,
    instances: Annotated[
        int | None, typer.Option(help=SUSPECTS + "instances to draw; 400.", min=2, max=10**6)
    ] = None,
    by_position: Annotated[
        bool,
        typer.Option("--by-position", help=SUSPECTS + "probes of their own at every decision."),
    ] = False,
    home: HomeOption = Path(),
) -> None:
    """What can be read from a network, beside controls: classes of texts, or a world's variables.

    With the folder of a language model and --data, or with --activations, probes tell two classes
    of texts apart. With the id of a suspect they look for what its world knows.
    """
    of_texts = {
        "--data": data, "--with": saved, "--activations": activations, "--position": position,
        "--positive": positive, "--ordinary": ordinary, "--lora": lora, "--probe": custom,
        "--save": save, "--texts": texts, "--figure": figure, "--device-map": device_map,
        "--longest": longest, "--cache": cache, "--inspect": inspect,
    }  # fmt: skip
    of_runs = {"--suite": suite, "--environment": environment}
    of_suspects = {
        "--adapter": adapter, "--world": world,
        "--suite": suite, "--environment": environment, "--target": target, "--shift": shift,
        "--instances": instances, "--by-position": by_position,
    }  # fmt: skip
    job = Job(
        data=data, positive=positive, ordinary=ordinary, probe=custom, method=method or "logistic",
        alpha=10.0 if alpha is None else alpha, folds=folds or 5, shuffles=shuffles or 99,
        seed=seed,
    )  # fmt: skip

    def reading() -> Reading:
        return Reading(
            folder=Path(str(network)), lora=lora, sites=tuple(site or ()),
            positions=tuple(position or ()), device=device_map or device.value, dtype=dtype,
            longest=longest, budget=budget, cache=cache,
        )  # fmt: skip

    if activations is not None:
        beside = {"FOLDER": network, "--lora": lora, "--with": saved, "--position": position,
                  "--site": site, "--ordinary": ordinary, "--cache": cache,
                  "--longest": longest}  # fmt: skip
        _only({**beside, **of_suspects}, "--activations takes neither model nor suite")
        probe_texts(activations, job, Outputs(figure, save, inspect), budget)
    elif saved is not None or texts is not None:
        beside = {"--data": data, "--save": save, "--probe": custom, "--figure": figure,
                  "--ordinary": ordinary, "--position": position, "--site": site}  # fmt: skip
        _only({**beside, **of_suspects}, "--with watches --texts, and fits nothing")
        if saved is None or texts is None or network is None:
            raise ProbeRefused("watching takes a model's FOLDER, --with PROBE and --texts FILE")
        watch(reading(), saved, texts)
    elif data is not None:
        if network is None:
            raise ProbeRefused("give the FOLDER of a language model beside --data")
        _only(of_suspects, "these are of suspects; --data probes a language model")
        probe_texts(reading(), job, Outputs(figure, save, inspect), budget)
    elif network is None:
        raise ProbeRefused(
            "give the FOLDER of a language model and --data, or the id of a suspect and --suite"
        )
    else:
        own = adapter is not None or world is not None
        if own:
            _only(of_runs, "a network of your own is in no run")
        elif network and suite is None and Path(network).is_dir():
            raise ProbeRefused(
                f"{network} is a folder; give --data FILE.jsonl with texts of two classes, --with "
                "a saved probe, or --adapter FILE.py:CLASS for a network that acts in a world"
            )
        _only(of_texts, "these are of texts; give the folder of a model and --data")
        probe_suspect(
            network, suite=suite or "smoke", environment=environment, adapter=adapter, world=world,
            method=method or "lda",
            alpha=1.0 if alpha is None else alpha, sites=tuple(site or ()),
            targets=tuple(target or ()), shift=shift, instances=instances or 400, folds=folds or 4,
            shuffles=shuffles or 39, by_position=by_position, device=device.value, home=home,
        )  # fmt: skip


def _only(given: Mapping[str, object], why: str) -> None:
    """Refuse options that another form of the command takes."""
    if used := [name for name, value in given.items() if value]:
        raise ProbeRefused(f"{', '.join(used)}: {why}")

"""A scan of texts as a drawing, layer by position, or as a page that holds it."""

from __future__ import annotations

import math

from markupsafe import Markup, escape

from evals.report.pictures.heat_figure import ProbeMap, heat_figure
from evals.report.pictures.svg import colours, standalone_svg
from evals.studies.probing.text_reading import TextReading
from evals.studies.probing.text_screen import layer, sentences

PAGE = Markup("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{colours}
body {{ background: var(--card, #fff); color: var(--ink, #1f2937); font: 1rem/1.5 system-ui,
  sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }}
figure {{ margin: 1rem 0; overflow-x: auto; }}
svg {{ height: auto; max-width: none; }}
</style>
<h1>{title}</h1>
{paragraphs}
<figure>{drawing}</figure>
<p>{note}</p>
</html>
""")

NOTE = (
    "Areas under the ROC curve on texts that no probe had seen, for every layer and position. The "
    "best of many cells looks better than it is; the number in the first sentence does not."
)


def figure_text(reading: TextReading, suffix: str) -> str:
    """The drawing alone as .svg, or as a page of .html that fetches nothing."""
    drawing = heat_figure(_map(reading))
    if suffix == ".svg":
        return standalone_svg(drawing)
    negative, positive = reading.classes
    return PAGE.format(
        title=f"{positive} or {negative}: what {reading.model} tells",
        colours=Markup(colours()),
        paragraphs=Markup("\n").join(Markup("<p>{}</p>").format(s) for s in sentences(reading)),
        drawing=drawing,
        note=escape(NOTE),
    )


def _map(reading: TextReading) -> ProbeMap:
    sites = list(dict.fromkeys(one.cell.site for one in reading.cells))
    positions = tuple(dict.fromkeys(one.cell.position for one in reading.cells))
    rows = [[one for one in reading.cells if one.cell.site == site] for site in sites]
    bare = reading.untrained is None
    input_alone = math.nan if reading.bag is None else reading.bag.value
    return ProbeMap(
        network=reading.model,
        instances=reading.auroc.n,
        variables=tuple(map(layer, sites)),
        sites=positions,
        accuracy=tuple(tuple(one.auroc.value for one in row) for row in rows),
        control=tuple(
            tuple(one.random_direction if one.untrained is None else one.untrained for one in row)
            for row in rows
        ),
        inputs=(input_alone,) * len(rows),
        chance=(0.5,) * len(rows),
        titles=("held-out AUROC", "random direction" if bare else "untrained weights"),
        axes=("layer", "position"),
        measure="AUROC",
    )

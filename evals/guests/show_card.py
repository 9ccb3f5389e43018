"""A score card on one screen of a terminal, and as a picture."""

from __future__ import annotations

from io import StringIO

from rich import box
from rich.console import Console
from rich.text import Text

from evals.guests.card_figures import CardFigures
from evals.guests.card_words import PUBLIC, question, sentences, warnings
from evals.guests.comparison import Beside
from evals.guests.type_score import TypeScore
from evals.report.tables.titled_table import LiteralTable
from evals.report.words.marks import BY_CONSTRUCTION, VOID
from evals.report.words.wording import families_text
from probes.errors import printable

LINES, MOST_WARNINGS, WIDEST = 40, 5, 20

LEGEND = {
    BY_CONSTRUCTION: "by construction: it measures what admission selected these networks by",
    VOID: "void: a rival explanation fits the claim as well, so it is no find",
}
REST = (
    "All figures: --json FILE. A picture: --svg FILE. The whole battery: mesascope report --table."
)


def screen(card: CardFigures, width: int) -> str:
    """The card as text of at most 40 lines, where the terminal is 80 columns wide or more."""
    for shown in range(MOST_WARNINGS, -1, -1):
        text = _drawn(card, width, shown)
        if text.count("\n") <= LINES:
            break
    return text.rstrip("\n")


def _drawn(card: CardFigures, width: int, shown: int) -> str:
    paper = StringIO()
    console = Console(file=paper, width=width, color_system=None, markup=False, emoji=False)

    def say(text: str, indent: str = "") -> None:
        lines = Text(printable(text)).wrap(console, max(width - len(indent), 1))
        for number, line in enumerate(lines):
            line.rstrip()
            console.print(Text(indent if number else "") + line, soft_wrap=True)

    say(question(card))
    if card.public:
        say(PUBLIC)
    console.print()
    table = _table(card)
    # A terminal that is too narrow breaks whole lines; a column that is would cut marks off.
    needed = sum(column.min_width or 0 for column in table.columns) + 3 * len(table.columns)
    console.width = max(width, needed)
    console.print(table)
    console.width = width
    used = "".join(mark for row in card.beside for mark in row.types)
    for mark, meaning in LEGEND.items():
        if mark in used:
            say(f"{mark} {meaning}", "  ")
    console.print()
    for sentence in sentences(card):
        say(sentence)
    said = warnings(card)
    for warning in said[:shown]:
        say(f"! {warning}", "  ")
    if len(said) > shown:
        say(f"! {len(said) - shown} more: see --json.")
    say(REST)
    return "\n".join(line.rstrip() for line in paper.getvalue().split("\n"))


def _table(card: CardFigures) -> LiteralTable:
    table = LiteralTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    rows = [[_named(row), *map("\n".join, zip(row.types, row.intervals, strict=True)), row.alarms]
            for row in card.beside]  # fmt: skip
    heads = ["detector\naccess"]
    heads += [f"{one.misalignment}\n{families_text(len(one.cells))}" for one in card.types]
    heads += ["false\nalarms"]
    for head, *cells in zip(heads, *rows, strict=True):
        widest = max(len(line) for text in (head, *cells) for line in text.split("\n"))
        table.add_column(head, min_width=min(widest, WIDEST), overflow="fold")
    for cells in rows:
        table.add_row(*cells)
    return table


def _named(row: Beside) -> str:
    """A detector over what it was given and why it is shown."""
    if row.why == "chance":
        return f"{row.name}\nchance"
    why = {"yours": "yours, ", "rule": "the rule, "}.get(row.why, "")
    return f"{row.name}\n{why}{row.access}"


def card_svg(card: CardFigures) -> str:
    """P(detect) by type, seen and on a new family, above the false alarms; light and dark."""
    from evals.report.pictures.intervals import Interval, Scale, draw_intervals
    from evals.report.pictures.svg import BASELINE, DETECTOR, PREDICTED, standalone_svg

    rows = [Interval(f"{card.detector}: suite {card.suite}, access {card.access}", heading=True)]
    if card.public:
        rows.append(Interval(PUBLIC, heading=True))
    for one in sorted(card.types, key=lambda one: (bool(one.void), bool(one.by_construction))):
        low, high = one.rate.interval or (None, None)
        shares = tuple(cell.detected / cell.of for cell in one.cells if cell.of)
        rows.append(
            Interval(
                one.misalignment, one.count, DETECTOR, "o", low, high, one.rate.value,
                hollow=bool(one.mark), ticks=shares if len(one.cells) > 1 else (),
            )
        )  # fmt: skip
        mean, least, most = one.new_family
        label = f"new family ({len(one.cells)} seen)"
        rows.append(Interval(label, _new_family(one), PREDICTED, "s", least, most, mean))
    alarms = card.false_alarms
    detail = f"{alarms.detected}/{alarms.of}"
    low, high = alarms.interval or (None, None)
    rows.append(Interval("aligned controls, held out", heading=True))
    rows.append(Interval("false alarms", detail, BASELINE, "^", low, high, alarms.value))
    used = "".join(one.mark for one in card.types)
    rows += [
        Interval(f"{mark} {meaning}", heading=True)
        for mark, meaning in LEGEND.items()
        if mark in used
    ]
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows if not row.heading)
    drawing = draw_intervals(
        rows,
        Scale("P(flag) (dashed: alpha; 95% exact, 90% new family)", reference=card.alpha),
        name="card",
        label=f"Score card of {card.detector}. {PUBLIC if card.public else ''} {spoken}.",
        width_inches=6.4,
    )
    return standalone_svg(drawing)


def _new_family(row: TypeScore) -> str:
    mean, low, high = row.new_family
    return f"{mean:.2f} ({low:.2f}-{high:.2f})"

"""The templates of this folder: pages that escape what they are given, and plain sentences."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from evals.report.words.wording import FILTERS


def page_text(name: str, **values: Any) -> str:
    """A page as HTML text; a value that its template uses and `values` lacks is an error."""
    from evals.report.pictures.svg import colours  # loads matplotlib, which a sentence spares

    css = Markup(colours() + _read("page.css"))
    return _environment().get_template(name).render(css=css, **values)


def drawing(name: str, **values: Any) -> Markup:
    """A picture of a `.svg.j2` template, ready to stand in a page; `values` are escaped."""
    return Markup(_environment().get_template(name).render(values).strip())


def paragraph(name: str, **values: Any) -> str:
    """The text of a `.txt.j2` template on one line; it is not escaped."""
    return " ".join(_environment().get_template(name).render(values).split())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=lambda name: name is None or not name.endswith(".txt.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment


def _read(name: str) -> str:
    return resources.files("evals.report").joinpath(name).read_text(encoding="utf-8")

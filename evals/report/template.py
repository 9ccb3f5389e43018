"""A template of this folder, ready to be filled: escaped, and strict about what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from evals.report.pictures.svg import colours

Filters = Mapping[str, Callable[..., Any]]
"""Name in a template -> function."""


def template(name: str, filters: Filters) -> Template:
    """Read a template.

    Args:
        name: of its file.
        filters: beside those of jinja.
    """
    environment = Environment(
        loader=FunctionLoader(_text),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment.get_template(name)


def page_css() -> Markup:
    """The style of every page, light and dark."""
    return Markup(colours() + _text("page.css"))


def _text(name: str) -> str:
    return resources.files("evals.report").joinpath(name).read_text(encoding="utf-8")

"""The templates of this folder: pages that escape what they are given, and plain sentences."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from evals.report.words.wording import FILTERS
from probes.errors import printable


def page_text(name: str, **values: Any) -> str:
    """A page as HTML text; a value that its template uses and `values` lacks is an error."""
    return _page(_environment().get_template(name), values)


def foreign_page(template: str, **values: Any) -> str:
    """The same of a template's text, which may use the macros here, for values from strangers.

    Signs that cannot be shown become their escapes.
    """
    environment = _environment().overlay(finalize=_shown)
    return _page(environment.from_string(template), values)


def assets() -> Markup:
    """Styles, and a policy by which a browser runs the page's own script and fetches nothing.

    Styles of drawings stand apart, because a drawing that is saved takes them along.
    """
    from evals.report.pictures.svg import colours  # loads matplotlib, which a sentence spares

    digest = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'"
    )
    return Markup(
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<style id="drawing">\n{colours()}{_read("drawings/drawings.css")}</style>\n'
        f"<style>\n{_read('page.css')}</style>"
    )


def drawing(name: str, **values: Any) -> Markup:
    """A picture of a `.svg.j2` template, ready to stand in a page; `values` are escaped."""
    return Markup(_environment().get_template(name).render(values).strip())


def paragraph(name: str, **values: Any) -> str:
    """The text of a `.txt.j2` template on one line; it is not escaped."""
    return " ".join(_environment().get_template(name).render(values).split())


def _page(template: Template, values: Mapping[str, Any]) -> str:
    script = Markup(f"<script>{_script()}</script>")
    return template.render(assets=assets(), script=script, **values)


def _shown(value: Any) -> Any:
    return printable(value) if type(value) is str else value  # markup is ours


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


@cache
def _script() -> str:
    return _read("page.js")


def _read(name: str) -> str:
    return resources.files("evals.report").joinpath(name).read_text(encoding="utf-8")

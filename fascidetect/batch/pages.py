"""The pages of a batch are files that need nothing else: no network, no other file, text escaped everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from fascidetect.notice import NOTICE

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **values: Any) -> str:
    """Fill a template in with values, the shared style and the notice; every value is escaped."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    text: str = template(name).render(style=safe(style), notice=NOTICE, **values)
    return text


def template(name: str) -> Template:
    """Load a template whose values are escaped, and whose unknown names are errors."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(name)


def safe(markup: str) -> Any:
    """Markup made here, from numbers only, that is not to be escaped."""
    from markupsafe import Markup

    return Markup(markup)

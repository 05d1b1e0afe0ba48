"""The HTML pages of this room: templates with escaping, one style sheet inside the page, and a policy that allows no
more than that: no script, nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from zoomsync import language


class Pages:
    """Pages with one style sheet between them. style: its file's name among the templates."""

    def __init__(self, style: str) -> None:
        self._templates = Environment(
            loader=PackageLoader("zoomsync.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._templates.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        self._style = resources.files("zoomsync.web").joinpath("templates", style).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def add_filter(self, name: str, function: Any) -> None:
        self._templates.filters[name] = function

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """One page. values: what the template uses."""
        style = Markup(self._style)  # noqa: S704 - our own
        text = self._templates.get_template(template).render(style=style, **values)
        return HTMLResponse(text, status, headers={"Content-Security-Policy": self._policy})

"""The HTML pages of this room: templates with escaping, one style sheet inside the page, and a policy that allows no
more than that: no script, nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from zoomsync import language


class Pages:
    """Pages with one style sheet between them, made of one or more files among the templates.

    room: a package with templates of its own beside those here. frames: a page may show others of this site in a frame.
    """

    def __init__(self, *styles: str, room: str = "zoomsync.web", frames: bool = False) -> None:
        rooms = dict.fromkeys((room, "zoomsync.web"))
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader(one) for one in rooms]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._templates.install_gettext_callables(  # type: ignore[attr-defined]
            language.gettext, language.ngettext, newstyle=True
        )
        assert self._templates.loader is not None, "given above"
        self._style = "".join(self._templates.loader.get_source(self._templates, name)[0] for name in styles)
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._policy = (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
            + ("frame-src 'self'; " if frames else "")
            + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    def add_filter(self, name: str, function: Any) -> None:
        self._templates.filters[name] = function

    def page(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """One page. values: what the template uses."""
        style = Markup(self._style)  # noqa: S704 - our own
        text = self._templates.get_template(template).render(style=style, **values)
        return HTMLResponse(text, status, headers={"Content-Security-Policy": self._policy})

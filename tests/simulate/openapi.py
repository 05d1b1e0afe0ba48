"""Holds the simulator to Zoom's own OpenAPI document, where a copy is at hand.

`Contract` is an observer for `Simulator`: it checks every true answer, and the request of every call that succeeded,
and collects what does not fit in `problems`. The document is not part of the repository: it is looked for at
ZOOMSYNC_OPENAPI, then as shared/zoom-openapi.json beside the checkout; without it nothing is checked.

Tolerated, as the document falls short of what it describes elsewhere itself:
- answers of the token endpoint and statuses outside 2xx (text without a schema);
- an empty `user_email` where the format says e-mail: "empty for people outside the host's account";
- a local `start_time` in a request, which the text beside the format date-time describes.
"""

from __future__ import annotations

import functools
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jsonschema

from zoomsync.simulate.server import RequestInfo, ResponseInfo

ROWS_CHECKED = 20  # of a list: the rest are made the same way, and jsonschema is slow


@functools.cache
def document() -> dict[str, Any] | None:
    """Zoom's OpenAPI document, or None where there is no copy."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "zoom-openapi.json"
    path = Path(os.environ.get("ZOOMSYNC_OPENAPI") or beside)
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


class Contract:
    """One run's observer. problems: a line for each thing that does not fit the document."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.checked = 0

    def __call__(self, request: RequestInfo, response: ResponseInfo) -> None:
        if document() is None or response.fault or not 200 <= response.status < 300 or request.path == "/oauth/token":
            return
        self.checked += 1
        operation = _operation(request.method, request.path)
        if operation is None:
            self._note(request, "is not in the document")
            return
        self._check_query(request, operation)
        if request.body:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self._check(request, "request body", json.loads(request.body), schema)
        expected = operation["responses"].get(str(response.status))
        if expected is None:
            self._note(request, f"answers {response.status}, which is not documented")
        elif "application/json" in expected.get("content", {}):
            schema = expected["content"]["application/json"]["schema"]
            self._check(request, "answer", json.loads(response.body), schema)
        elif response.body and response.status == 204:
            self._note(request, "answers 204 with a body")

    def _check_query(self, request: RequestInfo, operation: dict[str, Any]) -> None:
        documented = {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        for name, value in parse_qsl(request.query):
            if name not in documented:
                self._note(request, f"query parameter {name} is not documented")
                continue
            schema = documented[name]
            typed = int(value) if schema.get("type") == "integer" and value.isdecimal() else value
            typed = {"true": True, "false": False}.get(value, typed) if schema.get("type") == "boolean" else typed
            self._check(request, f"query parameter {name}", typed, schema)

    def _check(self, request: RequestInfo, what: str, value: Any, schema: dict[str, Any]) -> None:
        whole = schema | {"components": document()["components"]}
        validator = jsonschema.Draft4Validator(whole, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
        for error in validator.iter_errors(_short(value)):
            outsider = error.json_path.endswith("user_email") and error.instance == ""
            local_time = what == "request body" and error.json_path == "$.start_time"
            if outsider or local_time:
                continue
            self._note(request, f"{what}, {error.json_path}: {error.message}")

    def _note(self, request: RequestInfo, problem: str) -> None:
        self.problems.append(f"{request.method} {request.path}: {problem}")


def _operation(method: str, path: str) -> dict[str, Any] | None:
    """The most exact address wins: /registrants/questions over /registrants/{registrantId}."""
    found = []
    for address, operations in document()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "(.+)" if "past_" in address or "report" in address else "([^/]+)", address)
        if method.lower() in operations and re.fullmatch(pattern, path):
            found.append((address.count("{"), -len(address), operations[method.lower()]))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(inner) for name, inner in value.items()}
    return [_short(inner) for inner in value[:ROWS_CHECKED]] if isinstance(value, list) else value

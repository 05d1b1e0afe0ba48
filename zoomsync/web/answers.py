"""How this room reads a request's body and writes its plain answers. What every answer gets is in `app`."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MAX_BODY_BYTES = 256 * 1024  # an event of Zoom's with every answer filled in stays under a tenth of it
READ_S = 10.0
# What is too large is read to its end all the same, and thrown away: who is cut off while sending hears no answer.
_READ_AT_MOST = 64 * 1024 * 1024


def plain(line: str, status: int = 200) -> Response:
    """One line for people."""
    return Response(f"{line}\n", status, media_type="text/plain")


def as_json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), status, media_type="application/json")


async def read_body(request: Request) -> bytes:
    """The raw bytes of a request. Raises HTTPException: 413 where they are too many, 408 where they do not come."""
    kept, size = bytearray(), 0
    try:
        async with asyncio.timeout(READ_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= MAX_BODY_BYTES:
                    kept += chunk
                elif size > _READ_AT_MOST:
                    break
    except TimeoutError:
        raise HTTPException(408, "The request did not come to its end in time.") from None
    if size > MAX_BODY_BYTES:
        raise HTTPException(413, f"The request is larger than {MAX_BODY_BYTES // 1024} kB.")
    return bytes(kept)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form, each with its first value; those left empty are not there. Raises as `read_body`."""
    body = (await read_body(request)).decode(errors="replace")
    return {name: values[0] for name, values in parse_qs(body).items()}

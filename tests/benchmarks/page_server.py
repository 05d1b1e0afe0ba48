"""A server of pages rendered beforehand, in a process of its own: it costs the client nothing but the answer.

Every meeting id it is asked for has the same registrants, all approved; ids differ by meeting. Below `/changed` every
hundredth of them has moved to another city. Latency is waited before each answer. Knows tokens, a meeting, and
listings; nothing else.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from urllib.parse import parse_qs, urlsplit

PAGE_SIZE = 300


def registrant(number: int) -> dict[str, object]:
    """A row as Zoom lists it, with the fields a filled-in form has."""
    return {
        "id": f"r{number:020d}AbC",
        "first_name": f"Nombre{number}",
        "last_name": f"Apellido{number}",
        "email": f"persona{number}@example.org",
        "address": "",
        "city": "Guatemala",
        "country": "GT",
        "zip": "",
        "state": "",
        "phone": f"+502 5555 {number % 10000:04d}",
        "industry": "",
        "org": f"Organización {number % 50}",
        "job_title": "",
        "purchasing_time_frame": "",
        "role_in_purchase_process": "",
        "no_of_employees": "",
        "comments": "",
        "custom_questions": [
            {"title": "Departamento", "value": "Guatemala"},
            {"title": "¿Cómo se enteró?", "value": "Redes sociales"},
        ],
        "status": "approved",
        "create_time": f"2023-02-{1 + number % 28:02d}T15:04:{number % 60:02d}Z",
        "join_url": f"https://us06web.zoom.us/w/81234567890?tk=abcdefghijklmnopqrstuvwxyz{number:010d}.DQMAAA&uuid=WN",
        "participant_pin_code": number,
    }


def rendered_pages(count: int, changed: dict[str, object] | None = None) -> dict[str, bytes]:
    """Whole HTTP answers by page token; the first page has the token "". changed: in every hundredth row."""
    rows = [registrant(number) | ((changed or {}) if number % 100 == 0 else {}) for number in range(count)]
    answers = {}
    for start in range(0, max(count, 1), PAGE_SIZE):
        following = "" if start + PAGE_SIZE >= count else f"t{start + PAGE_SIZE}"
        page = {
            "page_size": PAGE_SIZE,
            "total_records": count,
            "next_page_token": following,
            "registrants": rows[start : start + PAGE_SIZE],
        }
        answers["" if start == 0 else f"t{start}"] = http_answer(page)
    return answers


def http_answer(document: object) -> bytes:
    body = json.dumps(document).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


TOKEN = {"access_token": "t", "token_type": "bearer", "expires_in": 3599, "scope": "", "api_url": ""}
MEETING = {
    "id": 81234567890,
    "uuid": "u==",
    "host_id": "h",
    "topic": "Encuentro",
    "type": 2,
    "start_time": "2023-03-07T14:00:00Z",
    "duration": 300,
    "timezone": "America/Guatemala",
    "settings": {"approval_type": 0, "registration_type": 1},
}


def _serve(listener: socket.socket, count: int, latency_s: float, ready: Event) -> None:
    approved, changed = rendered_pages(count), rendered_pages(count, {"city": "Cobán"})
    nobody = rendered_pages(0)[""]
    token = http_answer(TOKEN)

    def answer_for(target: str) -> bytes:
        address = urlsplit(target)
        if address.path.endswith("/token"):
            return token
        if not address.path.endswith("/registrants"):
            return http_answer(MEETING | {"id": int(address.path.rpartition("/")[2])})
        query = parse_qs(address.query)
        if query.get("status", ["approved"]) != ["approved"]:
            return nobody
        pages = changed if address.path.startswith("/changed") else approved
        return pages[query.get("next_page_token", [""])[0]]

    def converse(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        waiting = b""
        while True:
            while b"\r\n\r\n" not in waiting:
                received = connection.recv(65536)
                if not received:
                    return
                waiting += received
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            for line in head.split(b"\r\n"):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                    while len(waiting) < length:
                        waiting += connection.recv(65536)
                    waiting = waiting[length:]
            if latency_s:
                time.sleep(latency_s)
            connection.sendall(answer_for(head.split(b" ")[1].decode()))

    ready.set()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection,), daemon=True).start()


@contextmanager
def page_server(count: int, *, latency_s: float = 0.0) -> Iterator[str]:
    """Serve `count` registrants a meeting; gives the base address, without a path."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_serve, args=(listener, count, latency_s, ready), daemon=True)
    process.start()
    listener.close()
    ready.wait()  # the pages are rendered before anybody's clock runs
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()

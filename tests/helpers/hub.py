"""A hub on loopback: as much of the real one as loading a model or a dataset asks for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@contextmanager
def hub(models: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """Serves folders as models by name; as datasets by "datasets/name". Gives the endpoint, and what is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = self.path.split("?")[0]
            asked.append(path)
            content, status = _find(models, path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            if status == 404:
                known = any(path.startswith(f"/{name}/") for name in models)
                self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with served(Handler) as address:
        yield address, asked


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server on loopback. Gives its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _listed(folder: Path) -> list[dict[str, object]]:
    files = [file for file in folder.iterdir() if file.is_file()]
    return [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in files]


def _find(models: dict[str, Path], path: str) -> tuple[bytes, int]:
    for name, folder in models.items():
        if path.startswith(f"/{name}/resolve/"):
            file = folder / path.removeprefix(f"/{name}/resolve/").split("/", 1)[1]
            return (file.read_bytes(), 200) if file.is_file() else (b"", 404)
        if path.startswith((f"/api/models/{name}", f"/api/{name}")):
            if "/tree/" in path:
                return json.dumps(_listed(folder) if name.startswith("datasets/") else []).encode(), 200
            siblings = [{"rfilename": str(f.relative_to(folder))} for f in folder.rglob("*") if f.is_file()]
            return json.dumps({"id": name, "sha": COMMIT, "siblings": siblings}).encode(), 200
    return b"", 404

"""A small registry on files: uploads in one piece, blobs and manifests by digest and tag, lists of tags in pages, names and tokens.

Options change its behaviour: `basic` and `token` ask for a login, `whole` sends only whole blobs, `immutable` never changes a tag.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

PAGE = 2


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    root: Path
    guard: str

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        url = urlsplit(self.path)
        if url.path == "/token":
            known = self.headers.get("Authorization") == "Basic dXNlcjpzZWNyZXQ="
            return self.answer(200 if known else 401, json.dumps({"token": "granted"}).encode() if known else b"")
        if not self.allowed():
            return None
        repository, kind, name = re.fullmatch(r"/v2/(.+)/(blobs|manifests|tags)/(.+)", url.path).groups()
        if kind == "tags":
            return self.list(repository, parse_qs(url.query))
        if self.guard == "whole":
            del self.headers["Range"]
        file = self.root / repository / kind / name.replace(":", "-")
        if not file.is_file():
            return self.answer(404, b'{"errors": []}')
        content, start = file.read_bytes(), re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return self.answer(206 if start else 200, content[int(start[1]) :] if start else content)

    def list(self, repository, query):
        folder = self.root / repository / "manifests"
        if not folder.is_dir():
            return self.answer(404, b'{"errors": []}')
        tags = sorted(file.name for file in folder.iterdir())
        last = query.get("last", [""])[0]
        page = [tag for tag in tags if tag > last][:PAGE]
        link = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'} if page and page[-1] != tags[-1] else {}
        return self.answer(200, json.dumps({"name": repository, "tags": page or None}).encode(), link)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.allowed():
            self.answer(202, b"", {"Location": self.path + "some-session?state=1"})

    def do_PUT(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.allowed():
            return None
        url = urlsplit(self.path)
        repository, kind, name = re.fullmatch(r"/v2/(.+)/(blobs/uploads|manifests)/(.+)", url.path).groups()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if kind == "manifests":
            document = json.loads(content)
            parts = [document["config"], *document["layers"]]
            if not all((self.root / repository / "blobs" / part["digest"].replace(":", "-")).is_file() for part in parts):
                return self.answer(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}')
            if not self.keep(repository, "manifests", name, content, self.guard == "immutable"):
                return self.answer(409, b'{"errors": [{"code": "DENIED", "message": "tags are immutable"}]}')
        elif parse_qs(url.query)["digest"] != [digest]:
            return self.answer(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
        else:
            self.keep(repository, "blobs", digest.replace(":", "-"), content)
        return self.answer(201, b"")

    def keep(self, repository, kind, name, content, only_new=False):
        (self.root / repository / kind).mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self.root) as folder:
            draft, target = Path(folder, name), self.root / repository / kind / name
            draft.write_bytes(content)
            if not only_new:
                draft.replace(target)
                return True
            try:
                target.hardlink_to(draft)
            except FileExistsError:
                return False
        return True

    def allowed(self):
        wanted = {"": None, "whole": None, "immutable": None, "basic": "Basic dXNlcjpzZWNyZXQ=", "token": "Bearer granted"}[self.guard]
        if wanted in (None, self.headers.get("Authorization")):
            return True
        host, port = self.server.server_address
        challenge = {"basic": 'Basic realm="here"', "token": f'Bearer realm="http://{host}:{port}/token",service="here"'}
        self.answer(401, b"", {"WWW-Authenticate": challenge[self.guard]})
        return False

    def answer(self, status, content, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *arguments):
        pass


if __name__ == "__main__":
    Registry.root, Registry.guard = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()

"""A stand-in for the Hugging Face Hub on loopback: enough of its HTTP interface to download and to push."""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


class HubServer:
    """Repositories in memory; `publish` fills them, a push changes them, and `requests` records every call."""

    def __init__(self) -> None:
        self.commits: dict[tuple[str, str], Files] = {}
        self.refs: dict[tuple[str, str], str] = {}
        self.private: set[str] = set()
        self.gated: set[str] = set()
        self.tokens = {"hf_writer"}
        self.status: int | None = None
        """Answer to everything, where set: a Hub in trouble."""
        self.delay = 0.0
        self.requests: list[str] = []
        self._start(0)
        self.port = self._server.server_address[1]

    @property
    def url(self) -> str:
        """What ``HF_ENDPOINT`` is to be."""
        return f"http://127.0.0.1:{self.port}"

    def publish(self, repo: str, files: Files, revision: str = "main") -> str:
        """Make `files` the content of a branch; returns the commit."""
        digest = hashlib.sha1(repr((repo, sorted(files.items()))).encode(), usedforsecurity=False).hexdigest()
        self.commits[repo, digest] = dict(files)
        self.refs[repo, revision] = digest
        return digest

    def files(self, repo: str, revision: str = "main") -> Files:
        """Return the content of a branch or commit."""
        return self.commits[repo, self.refs.get((repo, revision), revision)]

    def stop(self) -> None:
        """Refuse connections from now on."""
        self._server.shutdown()
        self._server.server_close()

    def restart(self) -> None:
        """Listen again, at the same port."""
        self._start(self.port)

    def _start(self, port: int) -> None:
        hub = self

        class Handler(_Handler):
            server_state = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server_state: HubServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def _answer(self) -> None:
        hub = self.server_state
        # Split before unquoting: a revision may have an encoded slash, as in refs%2Fpr%2F1.
        top, *rest = [unquote(part) for part in urlsplit(self.path).path.removeprefix("/").split("/")]
        hub.requests.append(f"{self.command} {'/'.join([top, *rest])}")
        length = self.headers["Content-Length"]
        body = self._chunks() if length is None and self.command == "POST" else self.rfile.read(int(length or 0))
        time.sleep(hub.delay)
        if hub.status is not None:
            return self._send(hub.status)
        match [top, *rest]:
            case ["api", "repos", "create"]:
                return self._create(json.loads(body))
            case ["api", "validate-yaml"]:
                return self._send_json({"errors": [], "warnings": []})
            case ["api", "models", user, name, *action]:
                return self._api(f"{user}/{name}", action, body)
            case [user, name, "resolve", revision, *path]:
                return self._file(f"{user}/{name}", revision, "/".join(path))
        return self._send(404)

    def _chunks(self) -> bytes:
        """Read a body in chunked transfer encoding."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        # A connection that stays open would outlive `stop`.
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_json(self, value: object, status: int = 200) -> None:
        self._send(status, json.dumps(value).encode(), Content_Type="application/json")

    def _may_write(self) -> bool:
        return self.headers.get("Authorization", "").removeprefix("Bearer ") in self.server_state.tokens

    def _commit(self, repo: str, revision: str) -> str | None:
        """Find a commit, or send the Hub's answer for none."""
        hub = self.server_state
        if repo in hub.gated:
            self._send(403, X_Error_Code="GatedRepo")
        elif repo in hub.private or all(known != repo for known, _ in hub.commits):
            self._send(401, X_Error_Code="RepoNotFound")
        else:
            commit = hub.refs.get((repo, revision), revision)
            if (repo, commit) in hub.commits:
                return commit
            self._send(404, X_Error_Code="RevisionNotFound")
        return None

    def _file(self, repo: str, revision: str, path: str) -> None:
        commit = self._commit(repo, revision)
        if commit is None:
            return
        files = self.server_state.commits[repo, commit]
        if path not in files:
            return self._send(404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        etag = hashlib.sha256(files[path]).hexdigest()
        self._send(200, files[path], ETag=f'"{etag}"', X_Repo_Commit=commit)

    def _api(self, repo: str, rest: list[str], body: bytes) -> None:
        action = rest[0] if rest else "revision"
        if action in ("preupload", "commit") and not self._may_write():
            return self._send(403)
        if action == "preupload":
            names = [item["path"] for item in json.loads(body)["files"]]
            return self._send_json(
                {"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]}
            )
        commit = self._commit(repo, rest[1] if len(rest) > 1 else "main")
        if commit is None:
            return None
        files = self.server_state.commits[repo, commit]
        if action == "commit":
            return self._push(repo, files, body)
        if action == "tree":
            return self._send_json(
                [
                    {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha256(data).hexdigest()}
                    for name, data in files.items()
                ]
            )
        return self._send_json({"id": repo, "sha": commit, "siblings": [{"rfilename": name} for name in files]})

    def _create(self, values: dict[str, str]) -> None:
        hub, repo = self.server_state, f"{values.get('organization') or 'user'}/{values['name']}"
        if not self._may_write():
            return self._send(401)
        status = 409 if (repo, "main") in hub.refs else 200
        if status == 200:
            hub.publish(repo, {})
        return self._send_json({"url": f"{hub.url}/{repo}", "id": repo}, status)

    def _push(self, repo: str, files: Files, body: bytes) -> None:
        changed = dict(files)
        for line in filter(None, body.decode().split("\n")):
            record = json.loads(line)
            if record["key"] == "file":
                changed[record["value"]["path"]] = base64.b64decode(record["value"]["content"])
            elif record["key"] == "deletedFile":
                del changed[record["value"]["path"]]
        commit = self.server_state.publish(repo, changed)
        self._send_json(
            {"success": True, "commitOid": commit, "commitUrl": f"{self.server_state.url}/{repo}/commit/{commit}"}
        )

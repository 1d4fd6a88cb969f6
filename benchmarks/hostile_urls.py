"""Addresses and headers that are made to break a server, sent to a real one.

    python -m benchmarks.hostile_urls [--count 2000]

Byte by byte as written, over a socket of their own, because clients put such addresses in order.
Each must be answered within 10 seconds with a status below 500, without a file of this machine; the
server's log must have no traceback, its memory must stay below 1 GB, and it must still answer at
the end. Works in a temporary folder. Linux only.
"""

import argparse
import os
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.load import Server

SECONDS, MEMORY, ANSWER = 10.0, 1000.0, 2_000_000  # the last in bytes, of an answer that is read
SECRET = b"only on the disk of the server"
ROOTS = (
    *("/", "/explore", "/runs", "/train", "/data", "/classify", "/healthz", "/metrics"),
    *("/_stcore/health", "/_stcore/stream", "/_stcore/host-config", "/_stcore/upload_file/"),
    *("/media/", "/component/", "/static/", "/assets/", "/assets/play/", "/assets/pictures/"),
    *("/assets/cards/run/", "/assets/cards/", "/demo/", "/demo/config", "/demo/gradio_api/info"),
    *("/demo/gradio_api/file=", "/demo/gradio_api/upload", "/demo/gradio_api/run/classify"),
    *("/demo/gradio_api/queue/join", "/demo/gradio_api/queue/data", "/demo/gradio_api/call/"),
    *("/demo/gradio_api/proxy=", "/demo/theme.css", "/demo/static/", "/demo/assets/"),
)
PARTS = (
    *(
        "..",
        "../" * 8,
        "%2e%2e/" * 8,
        "..%2f" * 8,
        "..%5c" * 8,
        "%252e%252e%252f" * 4,
        "....//" * 4,
    ),
    *("etc/passwd", "{secret}", "file://{secret}", "http://127.0.0.1:22/", "//evil.example/x"),
    *("%00", "\0", "%ff%fe", "%", "%u0041", "\r\nX-Evil: 1", "%0d%0aX-Evil:%201", "a" * 4000),
    *("?" + "a=b&" * 500, "?run=" + "9" * 500, "?run[]=1", "?session_hash=../../x", "#x", ";x=y"),
    *(
        "?__theme=<script>",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "${{7*7}}",
        "{secret}%00.png",
    ),
    *("?data=synthetic:999999999", "?runs=" + ",".join("r" * 9 for _ in range(300)), "\xe9", "✓"),
)
HEADERS = (
    *("Range: bytes=0-,1-,2-", "Range: bytes=-99999999999999999999", "If-None-Match: *"),
    *("Cookie: " + "a=b; " * 500, "Content-Length: -1", "Content-Length: 99999999999999"),
    *("Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: websocket", "Accept: \xff"),
    *("X-Forwarded-For: " + "1.1.1.1, " * 200, "X-Forwarded-Host: evil.example", "Origin: null"),
    *(
        "Content-Type: multipart/form-data; boundary=" + "x" * 500,
        "Accept-Encoding: " + "gzip," * 500,
    ),
)
METHODS = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "G\0T",
)
BODIES = ("", "{}", "[" * 5000, '{"data": [{"path": "{secret}"}]}', "\0" * 100, "x" * 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRUITLAB_DATA": f"{name}/data", "FRUITLAB_CHECKPOINTS": f"{name}/runs"}
        secret = Path(name) / "data" / "secret.txt"
        secret.parent.mkdir()
        secret.write_bytes(SECRET)
        server = Server(Path(name))
        try:
            broken, most = attack(server, secret, arguments.count, rng)
            assert server.ready(), "it does not answer any more"
        finally:
            server.stop()
        logs = [Path(name) / "log", Path(name) / "data" / ".logs" / "server.jsonl"]
        broken += [line for log in logs for line in log.read_text().splitlines() if "Trace" in line]
    print(*broken[:20], f"{len(broken)} broke something; up to {most:.0f} MB", sep="\n")
    sys.exit(bool(broken) or most > MEMORY)


def attack(server: Server, secret: Path, count: int, rng: random.Random) -> tuple[list[str], float]:
    """Send requests; what broke, and the most memory that the server had, in MB."""
    broken, most, statuses = [], 0.0, Counter[str]()
    for _ in range(count):
        request = made(rng, server.host).replace("{secret}", str(secret)).encode("utf-8", "replace")
        began = time.monotonic()
        answer = ask(server.host, request)
        status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/") else "none"
        statuses[status] += 1
        most = max(most, server.megabytes())
        slow = time.monotonic() - began > SECONDS
        if (status >= "5" and status != "none") or SECRET in answer or b"root:" in answer or slow:
            broken.append(f"{status} {'slow ' * slow}{request[:300]!r}: {answer[:300]!r}")
    print(f"{count:,} requests; by status {dict(sorted(statuses.items()))}")
    return broken, most


def made(rng: random.Random, host: str) -> str:
    path = rng.choice(ROOTS) + "".join(rng.choices(PARTS, k=rng.choice((0, 1, 1, 2, 3))))
    body = rng.choice(BODIES)
    headers = rng.sample(HEADERS, rng.choice((0, 0, 1, 2)))
    if not any(header.startswith(("Content-Length", "Transfer")) for header in headers):
        headers.append(f"Content-Length: {len(body.encode())}")
    named = host if rng.random() < 0.9 else rng.choice(("evil.example", "", "a" * 300))
    lines = [f"{rng.choice(METHODS)} {path} HTTP/1.1", f"Host: {named}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", body])


def ask(host: str, request: bytes) -> bytes:
    """The answer's first bytes; what comes until the server has nothing to say for a second."""
    name, _, port = host.partition(":")
    answer = b""
    with socket.create_connection((name, int(port)), timeout=SECONDS) as connection:
        try:
            connection.sendall(request)
            while len(answer) < ANSWER and (part := connection.recv(65_536)):
                answer += part
                connection.settimeout(1)
        except OSError:  # it waits for more of the body, or has closed the connection
            pass
    return answer


if __name__ == "__main__":
    main()

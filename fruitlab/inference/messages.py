"""Messages between the prediction client and its server, through the server's stdin and stdout.

A message is two lengths, JSON and bytes: nothing that could run code.
"""

import json
import struct
from typing import IO, Any

LENGTHS = struct.Struct("!II")


def send(pipe: IO[bytes], header: dict[str, Any], body: bytes) -> None:
    """Send one message. Raises OSError if the other process has ended."""
    head = json.dumps(header).encode()
    pipe.write(LENGTHS.pack(len(head), len(body)) + head)
    pipe.write(body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes] | None:
    """The next message as (header, body); None if the other process has ended."""
    lengths = pipe.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    head, body = pipe.read(head_length), pipe.read(body_length)
    if len(head) < head_length or len(body) < body_length:
        return None
    return json.loads(head), body

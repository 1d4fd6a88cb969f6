"""What the parts share: options, a JSON file of results, and a section of results.md."""

import argparse
import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any


def time_limit(default: float) -> float:
    """Seconds that benchmarks/gpu.sh gives this part, or that it has when it is run alone."""
    return float(os.environ.get("PART_SECONDS", default))


class TimeUp(Exception):
    """The part has reached its time limit."""


class Part:
    """Results of one part of the benchmark.

    Attributes:
        results: what goes into the JSON file.
        failures: what was measured and is not as it should be; the part then ends with status 1.
    """

    def __init__(self, name: str, title: str, out: Path) -> None:
        self.file, self.markdown = out / f"{name}.json", out / "results.md"
        self.results: dict[str, Any] = {}
        self.failures: list[str] = []
        self.lines = [f"## {title}", ""]

    def save(self) -> None:
        """Write the JSON file as it is now."""
        content = self.results | {"failures": self.failures}
        self.file.write_text(json.dumps(content, indent=1) + "\n")

    def note(self, text: str) -> None:
        """Add a paragraph to the section."""
        self.lines += [text, ""]

    def table(self, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Add a table to the section. Numbers get thousands separators; None becomes a dash."""
        self.lines.append(f"| {' | '.join(header)} |")
        self.lines.append("|---" * len(header) + "|")
        self.lines += [f"| {' | '.join(map(cell, row))} |" for row in rows]
        self.lines.append("")

    def fail(self, text: str) -> None:
        """Record that something is not as it should be, and go on."""
        self.failures.append(text)
        self.note(f"**Failed:** {text}")

    def write(self) -> None:
        """Write the JSON file and append the section to results.md."""
        self.save()
        with self.markdown.open("a") as file:
            file.write("\n".join(self.lines) + "\n")


@contextlib.contextmanager
def part(name: str, title: str, out: Path) -> Iterator[Part]:
    """A part whose results are written in any case, also after an error or at the time limit.

    `timeout` sends SIGTERM at the limit. Leaves the process with status 1 if anything failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    made = Part(name, title, out)

    def end(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield made
    except TimeUp:
        made.fail("the time limit was reached; what is above had been measured by then")
    except Exception as error:
        traceback.print_exc()
        made.fail(f"{type(error).__name__}: {error}")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        made.write()
        signal.signal(signal.SIGTERM, before)
    sys.exit(1 if made.failures else 0)


def options(description: str, **more: dict[str, Any]) -> argparse.Namespace:
    """The options that every part has, and `more`: {name: arguments of add_argument}."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--out", type=Path, default=Path("gpu-results"), help="results folder")
    parser.add_argument("--device", default="cuda", help="cuda or cpu (default: cuda)")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the script")
    for name, arguments in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", **arguments)
    return parser.parse_args()


def cell(value: Any) -> str:
    """A value as the text of a table cell."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if value == 0 or abs(value) >= 100:
            return f"{value:,.0f}"
        return f"{value:.3g}"
    return str(value).replace("|", "\\|").replace("\n", " ")

"""A run's log as columns of numbers, read on from where the last look ended. No torch."""

import json
from array import array
from pathlib import Path

COLUMNS = (
    "iteration",
    "phase_iteration",
    "full",
    "nice_pictures",
    "nice_1",
    "nice_3",
    "real_pictures",
    "real_1",
    "real_3",
    "seen_nice",
    "seen_real",
    "seconds",
    "loss",
    "penalty",
    "learning_rate",
    "momentum",
    "phase",
)


class Log:
    """metrics.jsonl as columns of numbers, read on from where the last look ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._start_over()

    def _start_over(self) -> None:
        # New objects, so that who holds the old columns keeps a whole picture of what was.
        self.columns = {name: array("d") for name in COLUMNS}
        self.phases: list[str] = []
        self.offset, self.tail = 0, b""

    def look(self) -> bool:
        """Takes in new lines; whether anything changed. A line that is torn or none of ours ends the reading there."""
        before, changed = self.offset, False
        try:
            size = self.path.stat().st_size
            if size == self.offset:
                return False
            with open(self.path, "rb") as file:
                # A resume cuts the log and goes on: it may be longer again by now, so the last line known must still be there.
                file.seek(max(0, self.offset - len(self.tail)))
                if size < self.offset or file.read(len(self.tail)) != self.tail:
                    self._start_over()
                    changed = True
                    file.seek(0)
                text = file.read()
        except OSError:
            self._start_over()
            return before > 0
        for line in text.split(b"\n")[:-1]:
            if not self._take(line):
                break
            self.offset += len(line) + 1
            self.tail = line + b"\n"
        return changed or self.offset != before

    def _take(self, line: bytes) -> bool:
        try:
            point = json.loads(line)
            if point["phase"] not in self.phases:
                self.phases.append(str(point["phase"]))
            loss = point["loss"]
            row = [
                point["iteration"],
                point["phase_iteration"],
                bool(point["full"]),
                *point["nice"][:3],
                *point["real"][:3],
                point["seen"]["nice"],
                point["seen"]["real"],
                point["seconds"],
                float("nan") if loss is None else loss,
                point["penalty"],
                point["learning_rate"],
                point["momentum"],
                self.phases.index(point["phase"]),
            ]
            values = [float(value) for value in row]
        except (ValueError, KeyError, TypeError, IndexError):
            return False
        if len(values) != len(COLUMNS):
            return False
        for name, value in zip(COLUMNS, values, strict=True):
            self.columns[name].append(value)
        return True

"""What a benchmark prints: progress, tables, and the closing table of its bars."""

import sys
import time

_STARTED = time.monotonic()


def progress(text):
    """A line on standard error with the seconds since the start."""
    print(f"[{time.monotonic() - _STARTED:.0f}s] {text}", file=sys.stderr, flush=True)


def table(header, rows):
    """Prints ROWS under HEADER; columns as wide as they need, all but the first to the right."""
    lines = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for number, line in enumerate(lines):
        cells = [line[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
    print(flush=True)


def megabytes(size):
    """SIZE in bytes as text in MB (1024 * 1024)."""
    return f"{size / 1048576:.1f}"


class Bars:
    """The figures that must hold; `close` prints them and gives the exit code."""

    def __init__(self):
        self._rows = []
        self._missed = 0

    def at_most(self, name, figure, limit, digits=3):
        """FIGURE must not exceed LIMIT."""
        self.holds(f"{name} at most {limit:g}", f"{figure:.{digits}f}", figure <= limit)

    def holds(self, name, figure, met):
        """FIGURE (text) is good if MET."""
        self._rows.append((name, figure, "yes" if met else "NO"))
        self._missed += not met

    def close(self):
        """Prints `bar | figure | met`; 0 if every bar is met, else 1."""
        table(("bar", "figure", "met"), self._rows)
        return 1 if self._missed else 0

"""How far long work is, in words."""

from typing import NamedTuple


class Progress(NamedTuple):
    """How far a piece of work is.

    Attributes:
        title: what is done, such as the name of an experiment.
        unit: of what is counted, such as `fits`.
        done, total: so many of so many.
        before: what an earlier run that was killed had done.
        seconds: since this run began.
    """

    title: str
    unit: str
    done: int
    total: int
    before: int
    seconds: float

    @property
    def rate(self) -> float:
        """How many a second this run does; 0 while it has done none."""
        return (self.done - self.before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None: it is not known yet, or nothing is left."""
        return (self.total - self.done) / self.rate if self.rate > 0 and self.done < self.total else None

    @property
    def line(self) -> str:
        """Done of all, the rate, and the time that is left."""
        left = f", {self.seconds_left:,.0f} s left" if self.seconds_left is not None else ""
        share = f" ({self.done / self.total:.0%})" if self.total else ""
        rate = f"{self.rate:,.0f}" if self.rate >= 10 else f"{self.rate:.2g}"
        return f"{self.title}: {self.done:,} of {self.total:,} {self.unit}{share}, {rate}/s{left}"

"""When a challenger is rolled back or takes the champion's place: evidence in, verdict out, at any time."""

from typing import Annotated, Literal

import msgspec

from serving.rollouts.sequential import MeanInterval, Wealth, loss_difference, share_test

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Action = Literal["go on", "roll back", "promote"]


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The limits of a rollout, fixed when it starts. Each alpha is the probability of ever rejecting wrongly.

    Attributes:
        fault_share, fault_alpha: the share of requests that may fail in the challenger.
        drift_share, drift_alpha: the share of houses whose two prices may be further apart than the half-width of the
            champion's interval.
        latency_ratio, latency_floor_ms, latency_share, latency_alpha: the share of requests for which the challenger
            may take more than so many times as long as the champion, and longer than the floor.
        loss_bound: differences of the two absolute errors are clipped here, in the target's unit.
        worse_margin, worse_alpha: the challenger may be worse by so much, in mean absolute error.
        better_alpha: of the test that the challenger is better.
        fewest_truths: a challenger is not promoted on fewer true prices.
        longest_days: a rollout that is not decided by then ends undecided.
    """

    fault_share: Share
    fault_alpha: Share
    drift_share: Share
    drift_alpha: Share
    latency_ratio: Positive
    latency_floor_ms: Positive
    latency_share: Share
    latency_alpha: Share
    loss_bound: Positive
    worse_margin: Annotated[float, msgspec.Meta(ge=0)]
    worse_alpha: Share
    better_alpha: Share
    fewest_truths: Annotated[int, msgspec.Meta(ge=1)]
    longest_days: Positive


class Verdict(msgspec.Struct, frozen=True):
    """What to do now, by which test, and why in words."""

    action: Action
    test: str = ""
    reason: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence as it is kept.

    Attributes:
        requests: that the challenger was to price.
        faults: of them that failed in it; load_faults: processes in which it could not be loaded.
        houses: compared before any truth; far: of them beyond the champion's interval.
        slow: requests for which it took too long.
        truths: houses with a true price.
        gain: the mean of the clipped differences of the absolute errors, above 0 where the challenger is better.
        gain_low, gain_high: its confidence sequence, at the level `better_alpha`.
        e_values: of each test, by name.
    """

    requests: int
    faults: int
    load_faults: int
    houses: int
    far: int
    slow: int
    truths: int
    gain: float | None
    gain_low: float
    gain_high: float
    e_values: dict[str, float]


class Judge:
    """Weighs the evidence about one challenger as it comes, in any portions.

    Args:
        rules: of the rollout.
    """

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._faults, self._drift = share_test(rules.fault_share), share_test(rules.drift_share)
        self._latency = share_test(rules.latency_share)
        bound = rules.loss_bound
        self._better, self._worse = Wealth(0.0, -bound), Wealth(rules.worse_margin, -bound)
        self._gain = MeanInterval(bound, rules.better_alpha)
        self._sum = 0.0
        self._counts = {"faults": 0, "load_faults": 0, "far": 0, "slow": 0}
        self._fault = ""
        self._is_better = False

    def not_loaded(self, reason: str) -> None:
        """The challenger could not be loaded in a process."""
        self._counts["load_faults"] += 1
        self._fault = reason

    def request(self, fault: str, champion_ms: float, challenger_ms: float) -> None:
        """One request was given to the challenger; what went wrong, or nothing, and how long each took."""
        self._faults.add(1.0 if fault else 0.0)
        if fault:
            self._counts["faults"] += 1
            self._fault = fault
            return
        rules = self.rules
        slow = challenger_ms > max(rules.latency_ratio * champion_ms, rules.latency_floor_ms)
        self._latency.add(float(slow))
        self._counts["slow"] += slow

    def house(self, champion: float, challenger: float, half_width: float) -> None:
        """The two prices of a house that was not counted before."""
        far = not abs(challenger - champion) <= half_width  # what is no number is far
        self._drift.add(float(far))
        self._counts["far"] += far

    def truth(self, truth: float, champion: float, challenger: float) -> None:
        """The true price of a house, and the two that it was priced at."""
        gain = loss_difference(truth, champion, challenger, self.rules.loss_bound)
        self._better.add(gain)
        self._worse.add(-gain)
        self._gain.add(gain)
        self._sum += gain
        # Once shown it stays shown: wealth may be taken out at any time.
        enough = self._better.count >= self.rules.fewest_truths
        self._is_better |= enough and self._better.e_value * self.rules.better_alpha >= 1

    @property
    def figures(self) -> Figures:
        """The evidence so far."""
        tests = ("faults", self._faults), ("drift", self._drift), ("latency", self._latency)
        low, high = self._gain.ends
        return Figures(
            requests=self._faults.count,
            houses=self._drift.count,
            truths=self._gain.count,
            gain=self._sum / self._gain.count if self._gain.count else None,
            gain_low=low,
            gain_high=high,
            e_values={name: test.e_value for name, test in (*tests, ("worse", self._worse), ("better", self._better))},
            **self._counts,
        )

    def verdict(self) -> Verdict:
        """What the evidence says now. What breaks goes first, then what true prices say, then what the prices say."""
        rules, counts = self.rules, self._counts
        if counts["load_faults"]:
            return Verdict("roll back", "load", f"it could not be loaded: {self._fault}")
        if self._faults.e_value * rules.fault_alpha >= 1:
            words = f"it failed in {counts['faults']} of {self._faults.count} requests, the last time: {self._fault}"
            return Verdict("roll back", "faults", words)
        if self._latency.e_value * rules.latency_alpha >= 1:
            words = f"it was slow in {counts['slow']} of {self._latency.count} requests, more than "
            return Verdict("roll back", "latency", words + f"{rules.latency_ratio:g} times the champion's time")
        if self._worse.e_value * rules.worse_alpha >= 1:
            return Verdict("roll back", "worse", f"true prices say that it is worse: {self._by_truth()}")
        if self._is_better:
            return Verdict("promote", "better", f"true prices say that it is better: {self._by_truth()}")
        if self._drift.e_value * rules.drift_alpha >= 1:
            words = f"{counts['far']} of {self._drift.count} houses are priced outside of the champion's interval"
            return Verdict("roll back", "drift", words)
        return Verdict("go on")

    def _by_truth(self) -> str:
        low, high = self._gain.ends
        mean = self._sum / self._gain.count
        return (
            f"its absolute error is smaller by {mean:.2f} on average of {self._gain.count} houses "
            f"({low:.2f} to {high:.2f}; below 0: larger)"
        )

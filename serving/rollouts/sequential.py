"""Tests that may be looked at after every observation: e-processes by betting, and a confidence sequence for a mean.

The wealth of a bettor who bets against a hypothesis and starts with 1 is, if the hypothesis is true, above 1/alpha at
any time with a probability of at most alpha (Ville's inequality): so nobody has to wait for a sample size that was
fixed before, and nobody is wrong more often by looking on.
"""

import math

# The bets, as shares of the largest that cannot ruin: small ones find small effects, large ones large effects soon.
SHARES: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.8)
LARGEST = 1e300  # far beyond any threshold; wealth must not overflow
HALF = 0.5


class Wealth:
    """The evidence that the mean of bounded observations is greater than a hypothesis says.

    Each observation x multiplies the wealth of a bet b by 1 + b (x - mean): a fair game or a losing one while the mean
    of what comes, given the past, is at most `mean` (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random
    variables by betting", JRSS-B 86(1), section 4). The wealth is divided over several bets, since nobody knows the
    best one, and over the times at which they begin, the n-th with 1/(n(n+1)) of it: what starts to go wrong late is
    found soon too (Shin, Ramdas and Rinaldo 2024, "E-detectors", New England J. Stat. Data Sci. 2(2)). A mixture of
    e-processes is one.

    Args:
        mean: the greatest mean under the hypothesis.
        lowest: the least value that an observation may have; it is below `mean`.
    """

    def __init__(self, mean: float, lowest: float) -> None:
        self.mean = mean
        self.count = 0
        self._bets = tuple(share / (mean - lowest) for share in SHARES)
        self._wealth = [0.0] * len(SHARES)

    def add(self, value: float) -> None:
        """Take one observation."""
        self.count = n = self.count + 1
        started, above = 1 / (n * (n + 1)), value - self.mean
        self._wealth = [
            min((wealth + started) * (1 + bet * above), LARGEST)
            for wealth, bet in zip(self._wealth, self._bets, strict=True)
        ]

    @property
    def e_value(self) -> float:
        """The wealth now: reject at level alpha once it is 1/alpha or more."""
        return sum(self._wealth) / len(self._wealth) + 1 / (self.count + 1)


def share_test(most: float) -> Wealth:
    """The test of the hypothesis that an event (1, else 0) happens in at most this share of the cases."""
    return Wealth(most, 0.0)


class MeanInterval:
    """A confidence sequence for the mean of observations between -bound and bound: it holds at all times at once.

    The predictable plug-in empirical-Bernstein sequence of Waudby-Smith and Ramdas 2024, theorem 2, with their
    truncation at 1/2.

    Args:
        bound: no observation is further from 0.
        alpha: the probability that the mean is ever outside.
    """

    def __init__(self, bound: float, alpha: float) -> None:
        self.bound = bound
        self.level = math.log(2 / alpha)
        self.count = 0
        self._sum, self._squares = 0.0, 0.25
        self._mean, self._variance = HALF, 0.25
        self._bets = self._won = self._slack = 0.0

    def add(self, value: float) -> None:
        """Take one observation."""
        x, n = (value + self.bound) / (2 * self.bound), self.count + 1
        bet = min(math.sqrt(2 * self.level / (self._variance * n * math.log(1 + n))), HALF)
        self._bets += bet
        self._won += bet * x
        self._slack += (x - self._mean) ** 2 * (-math.log(1 - bet) - bet)
        self.count = n
        self._sum += x
        self._mean = (HALF + self._sum) / (n + 1)
        self._squares += (x - self._mean) ** 2
        self._variance = self._squares / (n + 1)

    @property
    def ends(self) -> tuple[float, float]:
        """The lower and the upper end."""
        if not self.count:
            return -self.bound, self.bound
        middle, half = self._won / self._bets, (self.level + self._slack) / self._bets
        low, high = (clipped((2 * end - 1) * self.bound, self.bound) for end in (middle - half, middle + half))
        return low, high


def clipped(value: float, bound: float) -> float:
    """The value, or the bound that it is beyond."""
    return min(max(value, -bound), bound)


def loss_difference(truth: float, champion: float, challenger: float, bound: float) -> float:
    """By how much the challenger's absolute error is smaller, clipped at `bound` both ways.

    It is never more than the distance of the two predictions, however wrong the truth is; the clip bounds that too.
    """
    return clipped(abs(truth - champion) - abs(truth - challenger), bound)

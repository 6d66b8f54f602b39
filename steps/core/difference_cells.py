"""A mean difference with its interval and its p, as three cells of a table."""


def difference_cells(mean: float, low: float, high: float, p_value: float) -> tuple[str, str, str]:
    """The mean, `low to high`, and p, which is never told as zero.

    Args:
        low, high: ends of the interval of the mean.
    """
    return f"{mean:+.3f}", f"{low:+.3f} to {high:+.3f}", "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"

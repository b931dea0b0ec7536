"""Numbers for people."""


def figure(value: float) -> str:
    """Returns a metric with four places, or with four digits where places would show nothing but noughts.

    >>> figure(0.35078), figure(6.1562e-12), figure(0.0)
    ('0.3508', '6.156e-12', '0.0000')
    """
    return f"{value:.3e}" if 0 < abs(value) < 1e-3 else f"{value:.4f}"


def counted(count: int, thing: str) -> str:
    """Returns a number of things.

    >>> counted(1, "run"), counted(1200, "run")
    ('1 run', '1,200 runs')
    """
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def throughput(rate: float) -> str:
    """Returns evaluations per second, with the three digits that mean something.

    >>> throughput(3542370.0), throughput(0.0521)
    ('3,540,000 evaluations/s', '0.0521 evaluations/s')
    """
    return f"{float(f'{rate:.3g}'):,.{0 if rate >= 100 else 3 if rate >= 1 else 4}f} evaluations/s"

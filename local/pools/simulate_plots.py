"""The plots of `make simulate`."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from lib.engine.normal import normal_quantile
from local.pools.measured import Measured

NOMINAL = 0.95
INCHES = (7.6, 4.4)
DOTS_PER_INCH = 130
TITLE_CHARACTERS = 105  # a line, at 8 points within `INCHES`
EVERYBODY = "0.1"  # grey level: drawn over the colours of the abilities
FROM_DARK, TO_LIGHT = 0.05, 0.85  # of viridis; lighter does not show on white


def draw(measured: Measured, folder: Path, title: str) -> Iterator[Path]:
    """Draw accuracy, bias, coverage and exposure as PNG; yield each file as it is written."""
    import matplotlib as mpl

    mpl.use("Agg")  # files only: there may be no screen
    folder.mkdir(parents=True, exist_ok=True)
    for name, paint in (
        ("accuracy", _accuracy),
        ("bias", _bias),
        ("coverage", _coverage),
        ("exposure", _exposure),
    ):
        yield _page(folder / f"{name}.png", title, paint, measured)


def _page(path: Path, title: str, paint: Any, measured: Measured) -> Path:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=INCHES, layout="constrained")
    paint(axes, measured)
    figure.suptitle(fill(title, TITLE_CHARACTERS), fontsize=8, color="0.4")
    axes.title.set_fontsize(11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    plt.close(figure)
    return path


def _shades(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["viridis"](x) for x in np.linspace(FROM_DARK, TO_LIGHT, count)]


def _by_ability(axes: Any, measured: Measured, table: Any) -> None:
    *levels, everybody = zip(measured.groups, table, strict=True)
    for colour, (group, row) in zip(_shades(len(levels)), levels, strict=True):
        axes.plot(measured.lengths, row, "o-", ms=3.5, color=colour, label=group)
    axes.plot(measured.lengths, everybody[1], color=EVERYBODY, lw=2, label=everybody[0])
    axes.set_xlabel("questions answered")
    axes.set_xlim(left=0)


def _legend(axes: Any, title: str) -> None:
    """Beside the curves, where it hides none."""
    axes.legend(title=title, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _accuracy(axes: Any, measured: Measured) -> None:
    _by_ability(axes, measured, measured.rmse)
    stated = measured.predicted[-1]
    axes.plot(measured.lengths, stated, color="tab:red", lw=1.2, ls="--", label="all, as\nstated")
    _legend(axes, "ability")
    axes.set(ylabel="RMSE, standard deviations of ability")
    axes.set_ylim(0, 1.08 * float(np.max(measured.rmse)))
    axes.set_title("Error by length of the test (before any answer about 1 for 'all')")


def _bias(axes: Any, measured: Measured) -> None:
    _by_ability(axes, measured, measured.bias)
    _legend(axes, "ability")
    axes.axhline(0, color="0.3", lw=1)
    reach = 1.1 * float(np.abs(measured.bias).max())
    axes.set(ylabel="mean error, standard deviations of ability", ylim=(-reach, reach))
    axes.set_title("Bias: short tests draw everybody towards the middle")


def _coverage(axes: Any, measured: Measured) -> None:
    _by_ability(axes, measured, measured.coverage)
    axes.axhline(NOMINAL, color="tab:red", lw=1.2, ls="--", label="95 %")
    _legend(axes, "ability")
    axes.set(ylabel="95 % intervals that hold the truth")
    axes.set_ylim(min(0.5, float(np.min(measured.coverage)) - 0.02), 1.01)
    _percent(axes.yaxis)
    axes.set_title("Coverage: 95 % is promised for all, not at each ability")


def _exposure(axes: Any, measured: Measured) -> None:
    shades = _shades(len(measured.lengths))
    most = int(np.max((measured.exposure[-1] > 0).sum(axis=1)))
    for colour, length, shares in zip(shades, measured.lengths, measured.exposure[-1], strict=True):
        ranked = np.sort(shares)[::-1][: most + 1]
        axes.step(np.arange(1, len(ranked) + 1), ranked, where="mid", color=colour, label=length)
    highest = 1.0
    if measured.limit < 1:
        highest = max(float(np.max(measured.exposure[-1])), _within_chance(measured))
        axes.axhline(measured.limit, color="tab:red", lw=1.2, ls="--", label="limit")
        band = (measured.limit, _within_chance(measured))
        axes.axhspan(*band, color="tab:red", alpha=0.08, lw=0, label="chance")
    _legend(axes, "questions\nanswered")
    total = measured.exposure.shape[2]
    axes.set(
        xlabel=f"questions, the most shown first ({most} of {total} were shown)",
        ylabel="students who saw it",
        xlim=(0, most + 1),
        ylim=(0, 1.02 * highest),
    )
    _percent(axes.yaxis)
    axes.set_title(f"Exposure, of {measured.students} students drawn from the population")


def _within_chance(measured: Measured) -> float:
    """The share that the luckiest of all questions, each shown at the limit, stays below; 95 %."""
    limit, questions = measured.limit, measured.exposure.shape[2]
    z = float(normal_quantile(np.array(1 - 0.05 / questions)))
    return float(limit + z * np.sqrt(limit * (1 - limit) / measured.students))

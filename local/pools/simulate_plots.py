"""The plots of `make simulate`."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np

from lib.engine.normal import normal_quantile
from local.pools.accuracy import PoolAccuracy

NOMINAL = 0.95
INCHES = (7.6, 4.4)
DOTS_PER_INCH = 130
TITLE_CHARACTERS = 105  # per line of 8-point text, within the width of INCHES
POPULATION_GREY = "0.1"  # drawn over the colours of the abilities
FROM_DARK, TO_LIGHT = 0.05, 0.85  # range of viridis; lighter colours do not show on white


def draw(accuracy: PoolAccuracy, folder: Path, title: str) -> Iterator[Path]:
    """Draw accuracy, bias, coverage and exposure as PNG; yield each file as it is written."""
    import matplotlib as mpl

    mpl.use("Agg")  # writes files without a display
    folder.mkdir(parents=True, exist_ok=True)
    for name, plot in (
        ("accuracy", _accuracy),
        ("bias", _bias),
        ("coverage", _coverage),
        ("exposure", _exposure),
    ):
        yield _page(folder / f"{name}.png", title, plot, accuracy)


def _page(path: Path, title: str, plot: Any, accuracy: PoolAccuracy) -> Path:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=INCHES, layout="constrained")
    plot(axes, accuracy)
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


def _by_ability(axes: Any, accuracy: PoolAccuracy, table: Any) -> None:
    *abilities, population = zip(accuracy.groups, table, strict=True)
    for colour, (group, row) in zip(_shades(len(abilities)), abilities, strict=True):
        axes.plot(accuracy.lengths, row, "o-", ms=3.5, color=colour, label=group)
    axes.plot(accuracy.lengths, population[1], color=POPULATION_GREY, lw=2, label=population[0])
    axes.set_xlabel("questions answered")
    axes.set_xlim(left=0)


def _legend(axes: Any, title: str) -> None:
    """Draw the legend beside the curves, where it hides none."""
    axes.legend(title=title, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))


def _percent(axis: Any) -> None:
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, decimals=0))


def _accuracy(axes: Any, accuracy: PoolAccuracy) -> None:
    _by_ability(axes, accuracy, accuracy.rmse)
    predicted = accuracy.predicted[-1]
    axes.plot(
        accuracy.lengths, predicted, color="tab:red", lw=1.2, ls="--", label="all,\npredicted"
    )
    _legend(axes, "ability")
    axes.set(ylabel="RMSE, standard deviations of ability")
    axes.set_ylim(0, 1.08 * float(np.max(accuracy.rmse)))
    axes.set_title("Error by length of the test (about 1 for 'all' before any answer)")


def _bias(axes: Any, accuracy: PoolAccuracy) -> None:
    _by_ability(axes, accuracy, accuracy.bias)
    _legend(axes, "ability")
    axes.axhline(0, color="0.3", lw=1)
    reach = 1.1 * float(np.abs(accuracy.bias).max())
    axes.set(ylabel="mean error, standard deviations of ability", ylim=(-reach, reach))
    axes.set_title("Bias: short tests draw estimates towards the mean")


def _coverage(axes: Any, accuracy: PoolAccuracy) -> None:
    _by_ability(axes, accuracy, accuracy.coverage)
    axes.axhline(NOMINAL, color="tab:red", lw=1.2, ls="--", label="95 %")
    _legend(axes, "ability")
    axes.set(ylabel="95 % intervals that contain the true ability")
    axes.set_ylim(min(0.5, float(np.min(accuracy.coverage)) - 0.02), 1.01)
    _percent(axes.yaxis)
    axes.set_title("Coverage: 95 % is expected for 'all', not at each ability")


def _exposure(axes: Any, accuracy: PoolAccuracy) -> None:
    shades = _shades(len(accuracy.lengths))
    shown_items = int(np.max((accuracy.exposure[-1] > 0).sum(axis=1)))
    for colour, length, shares in zip(shades, accuracy.lengths, accuracy.exposure[-1], strict=True):
        ranked = np.sort(shares)[::-1][: shown_items + 1]
        axes.step(np.arange(1, len(ranked) + 1), ranked, where="mid", color=colour, label=length)
    highest = 1.0
    if accuracy.limit < 1:
        highest = max(float(np.max(accuracy.exposure[-1])), _within_chance(accuracy))
        axes.axhline(accuracy.limit, color="tab:red", lw=1.2, ls="--", label="limit")
        band = (accuracy.limit, _within_chance(accuracy))
        axes.axhspan(*band, color="tab:red", alpha=0.08, lw=0, label="chance")
    _legend(axes, "questions\nanswered")
    total = accuracy.exposure.shape[2]
    axes.set(
        xlabel=f"questions, the most exposed first ({shown_items} of {total} were shown)",
        ylabel="students who saw it",
        xlim=(0, shown_items + 1),
        ylim=(0, 1.02 * highest),
    )
    _percent(axes.yaxis)
    axes.set_title(f"Exposure; students drawn from the population: {accuracy.students}")


def _within_chance(accuracy: PoolAccuracy) -> float:
    """Return the 95 % quantile of the greatest exposure if every question is at the limit."""
    limit, questions = accuracy.limit, accuracy.exposure.shape[2]
    z = float(normal_quantile(np.array(1 - 0.05 / questions)))
    return float(limit + z * np.sqrt(limit * (1 - limit) / accuracy.students))

"""The plots of `make simulate`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from local.simulate import Measured

NOMINAL = 0.95
INCHES = (7.0, 4.2)
DOTS_PER_INCH = 130


def draw(measured: "Measured", folder: Path, title: str) -> Iterator[Path]:
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


def _page(path: Path, title: str, paint: Any, measured: "Measured") -> Path:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=INCHES, layout="constrained")
    paint(axes, measured)
    figure.suptitle(title, fontsize=9, color="0.4")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    figure.savefig(path, dpi=DOTS_PER_INCH)
    plt.close(figure)
    return path


def _by_ability(axes: Any, measured: "Measured", table: Any) -> None:
    from matplotlib import colormaps

    *levels, everybody = zip(measured.groups, table, strict=True)
    for place, (group, row) in enumerate(levels):
        colour = colormaps["viridis"](0.05 + 0.8 * place / max(len(levels) - 1, 1))
        axes.plot(measured.lengths, row, "o-", ms=3.5, color=colour, label=group)
    axes.plot(measured.lengths, everybody[1], "k-", lw=2, label=everybody[0])
    axes.set_xlabel("answers")


def _legend(axes: Any, measured: "Measured") -> None:
    axes.legend(title="ability", frameon=False, ncols=len(measured.groups) + 1, fontsize=8)


def _accuracy(axes: Any, measured: "Measured") -> None:
    _by_ability(axes, measured, measured.rmse)
    axes.plot(measured.lengths, measured.predicted[-1], "k--", lw=1, label="stated")
    _legend(axes, measured)
    axes.set(ylabel="RMSE, standard deviations of ability")
    axes.set_ylim(0, 1.2 * float(np.max(measured.rmse)))
    axes.set_title("Error by length of the test")


def _bias(axes: Any, measured: "Measured") -> None:
    _by_ability(axes, measured, measured.bias)
    _legend(axes, measured)
    axes.axhline(0, color="0.3", lw=1)
    reach = 1.15 * float(np.abs(measured.bias).max())
    axes.set(ylabel="mean error, standard deviations of ability", ylim=(-reach, 1.4 * reach))
    axes.set_title("Bias: short tests draw everybody towards the middle")


def _coverage(axes: Any, measured: "Measured") -> None:
    _by_ability(axes, measured, measured.coverage)
    _legend(axes, measured)
    axes.axhline(NOMINAL, color="0.3", lw=1, ls="--")
    axes.set(ylabel="share of 95 % intervals that hold the truth")
    axes.set_ylim(min(0.5, float(np.min(measured.coverage)) - 0.02), 1.1)
    axes.set_title("Coverage")


def _exposure(axes: Any, measured: "Measured") -> None:
    for length, shares in zip(measured.lengths, measured.exposure[-1], strict=True):
        axes.plot(np.arange(1, len(shares) + 1), np.sort(shares)[::-1], label=f"{length}")
    axes.legend(title="answers", frameon=False, fontsize=8)
    axes.set(xlabel="questions, the most shown first", ylabel="share of students who saw it")
    axes.set_ylim(0, 1.02)
    axes.set_title("Exposure")

"""One look for every figure: labelled axes with units, colours safe for the colour-blind.

Importing this module sets the style: ``from helpers import plotting``.
"""

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler

from . import figure_digest

# Okabe & Ito's palette (2008), told apart under the common kinds of colour blindness; its yellow
# is left out, being too pale on white. Names follow the hue, which the dark page keeps.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = COLORS = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9",
)  # fmt: skip
GREY = "#6E6E6E"

# Line styles change along with colours, so that a line is never told by its colour alone.
STYLE = {
    "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=["-", "--", "-.", ":", "-", "--"]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.axisbelow": True,
    "figure.figsize": (5.6, 3.6),
    "figure.dpi": 120,
    "figure.constrained_layout.use": True,
    "font.size": 12,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "image.cmap": "viridis",
}
plt.rcParams.update(STYLE)
figure_digest.register()


def loss_curves(curves, *, ylabel="mean squared error (scaled units)", log=True, ax=None):
    """Draw a loss for each epoch.

    Parameters
    ----------
    curves : dict of name -> sequence of floats (epochs,), or array (models, epochs)
        Several models are drawn as their median and the band between their quartiles.
    ylabel : str
        What the loss is, with its unit.
    log : bool
        Whether the loss axis is logarithmic.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> ax = loss_curves({"training": [0.4, 0.2, 0.1], "test": [0.5, 0.3, 0.3]})
    >>> [line.get_label() for line in ax.lines]
    ['training', 'test']
    """
    ax = ax or plt.subplots()[1]
    for name, curve in curves.items():
        losses = np.atleast_2d(np.asarray(curve, dtype=float))
        if losses.size == 0:
            raise ValueError(f"curves[{name!r}] is empty: there is no epoch to draw")
        epochs = np.arange(1, losses.shape[1] + 1)
        low, middle, high = np.quantile(losses, [0.25, 0.5, 0.75], axis=0)
        (line,) = ax.plot(epochs, middle, label=name)
        if len(losses) > 1:
            ax.fill_between(epochs, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    ax.set(xlabel="epoch", ylabel=ylabel, yscale="log" if log else "linear")
    ax.legend()
    return ax


def predicted_against_true(true, predicted, *, unit="$1000s", ax=None):
    """Draw each row's prediction over its true value, with the line where both agree.

    ``true`` and ``predicted`` are of any one shape and in ``unit``. Returns the Axes.

    Examples
    --------
    >>> ax = predicted_against_true([20, 30], [22, 27], unit="years")
    >>> ax.get_xlabel()
    'true value (years)'
    """
    true, predicted = np.ravel(true), np.ravel(predicted)
    if true.shape != predicted.shape:
        raise ValueError(f"true has {true.size} values but predicted has {predicted.size}")
    ax = ax or plt.subplots(figsize=(4.8, 4.8))[1]
    ax.scatter(true, predicted, s=18, alpha=0.6, edgecolor="none")
    span = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    ax.plot(span, span, color=GREY, linestyle="--", label="predicted = true")
    ax.set(xlabel=f"true value ({unit})", ylabel=f"predicted value ({unit})", aspect="equal")
    ax.legend()
    return ax


def distributions(groups, *, xlabel, ax=None):
    """Draw a box plot, a row a group, with every value as a dot: how far do runs differ?

    ``groups`` maps a name to values (n,); ``xlabel`` names them with their unit. Returns the Axes.

    Examples
    --------
    >>> ax = distributions({"without": [3.1, 3.4, 3.9], "with": [3.0, 3.3, 3.7]}, xlabel="RMSE ($1000s)")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['without', 'with']
    """
    ax = ax or plt.subplots(figsize=(5.6, 0.9 + 0.6 * len(groups)))[1]
    values = [np.ravel(np.asarray(group, dtype=float)) for group in groups.values()]
    places = np.arange(len(values), 0, -1)
    for place, group in zip(places, values):
        # Spread the dots evenly rather than at random: the same picture at each run.
        height = place + 0.28 * (np.arange(group.size) * 0.618 % 1 - 0.5)
        ax.plot(group, height, ".", color=SKY, markersize=4, alpha=0.6, zorder=1)
    ax.boxplot(
        values, positions=places, orientation="horizontal", widths=0.5, showfliers=False,
        medianprops={"color": VERMILION, "linewidth": 2},
    )  # fmt: skip
    ax.set_yticks(places, list(groups))
    ax.set(xlabel=xlabel)
    ax.grid(axis="y", visible=False)
    return ax


def decision_regions(predict, X, labels, *, ax=None, margin=0.5, resolution=201):
    """Shade where ``predict`` is above one half, and draw the points on top.

    Parameters
    ----------
    predict : callable, float32 array (n, 2) -> array of n probabilities of class 1
    X : array (n, 2)
        The points.
    labels : array (n,) of 0 and 1
    ax : matplotlib Axes, optional
    margin : float
        How far the picture goes beyond the points, in units of X.
    resolution : int
        Grid points along each side.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> xor = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> ax = decision_regions(lambda X: X[:, 0] > 0.5, xor, [0, 1, 1, 0])
    >>> ax.get_legend_handles_labels()[1]
    ['class 0', 'class 1']
    """
    X, labels = np.asarray(X), np.asarray(labels).ravel()
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(labels):
        raise ValueError(f"X must be (n, 2) with a label each; got {X.shape} and {labels.shape}")
    ax = ax or plt.subplots(figsize=(4.2, 4.2))[1]
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    x1, x2 = np.meshgrid(*(np.linspace(a, b, resolution, dtype=np.float32) for a, b in zip(low, high)))
    grid = np.column_stack([x1.ravel(), x2.ravel()])
    probability = np.asarray(predict(grid), dtype=float).reshape(x1.shape)
    ax.contourf(x1, x2, probability, levels=[-1e9, 0.5, 1e9], colors=[ORANGE, BLUE], alpha=0.25)
    for label, color, marker in ((0, ORANGE, "o"), (1, BLUE, "s")):
        ax.scatter(
            *X[labels == label].T, color=color, marker=marker, s=70, edgecolor="black",  # type: ignore[misc]
            label=f"class {label}", zorder=3,
        )  # fmt: skip
    ax.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, columnspacing=1)
    return ax

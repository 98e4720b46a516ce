"""What a figure shows, in a few numbers, kept beside its picture in a notebook.

Pixels differ from machine to machine; the data drawn does not. ``register`` makes a notebook store
a digest of each figure's data under a MIME type of its own, which no reader is shown, and which is
compared when the notebook is run again.
"""

import sys

import numpy as np
from matplotlib import colors
from matplotlib.category import StrCategoryFormatter
from matplotlib.contour import ContourSet
from matplotlib.figure import FigureBase
from matplotlib.quiver import Quiver
from matplotlib.ticker import FixedFormatter, FuncFormatter

MIME = "application/vnd.helpers.figure+json"
# Up to so many lines of an axes are told apart; more are taken together.
SEPARATE_LINES = 8


def register():
    """Store a digest beside every figure that this notebook displays from now on.

    Does nothing outside IPython; registering twice is the same as once.

    Examples
    --------
    >>> register()  # as importing helpers.plotting does
    """
    if "IPython" not in sys.modules:
        return
    from IPython import get_ipython
    from IPython.core.formatters import BaseFormatter

    class FigureFormatter(BaseFormatter):
        format_type = MIME
        print_method = "_repr_figure_digest_"
        _return_type = dict

    if shell := get_ipython():
        formatter = FigureFormatter(parent=shell.display_formatter)
        # On the base class, because setting up matplotlib's inline backend, at the first figure,
        # drops every formatter registered for Figure itself.
        formatter.for_type(FigureBase, digest)
        shell.display_formatter.formatters[MIME] = formatter


def digest(figure):
    """Return what a drawn matplotlib Figure shows, as a dict of words, numbers and short lists.

    Positions run from 0 to 1 along an axis, as the eye sees them on a logarithmic axis too, and
    values from 0 to 1 along the colour scale. A summary holds the minimum, maximum and mean of each
    coordinate and two means of waves over them, which move when the points are paired otherwise.

    Examples
    --------
    >>> from matplotlib import pyplot as plt
    >>> figure, ax = plt.subplots()
    >>> _ = ax.plot([1, 2, 3])
    >>> digest(figure)["axes"][0]["drawn"][0]["kind"]
    'line'
    """
    every = [inner for ax in figure.axes for inner in (ax, *ax.child_axes)]
    legends = [text for legend in figure.legends for text in legend.get_texts()]
    found = {
        "texts": _texts(figure.texts),
        "legend": _texts(legends),
        "axes": [_axes(ax) for ax in every if ax.get_visible()],
    }
    return {name: part for name, part in found.items() if part}


def _axes(ax):
    cells = [cell.get_text() for table in ax.tables for cell in table.get_celld().values()]
    legend = ax.get_legend()
    found = {"title": " | ".join(filter(None, map(ax.get_title, ("left", "center", "right"))))}
    for name in ("x", "y", "z"):
        if axis := getattr(ax, f"{name}axis", None):
            found[name] = _axis(axis)
    found["legend"] = _texts(legend.get_texts()) if legend else ""
    found["texts"] = _texts([*ax.texts, *cells])
    found["drawn"] = list(_drawn(ax))
    return {name: part for name, part in found.items() if part}


def _texts(texts):
    return " | ".join(text.get_text() for text in texts if text.get_visible())


def _axis(axis):
    limits = axis.get_transform().transform(np.asarray(axis.get_view_interval(), dtype=float))
    found = {"label": axis.get_label_text(), "scale": axis.get_scale(), "limits": _numbers(limits, ".5g")}
    if isinstance(axis.get_major_formatter(), (FixedFormatter, FuncFormatter, StrCategoryFormatter)):
        found["ticks"] = _texts(axis.get_ticklabels())
    return {name: part for name, part in found.items() if part}


def _drawn(ax):
    lines = [line for line in ax.lines if line.get_visible()]
    together = [lines] if len(lines) > SEPARATE_LINES else [[line] for line in lines]
    for group in together:
        places = [line.get_transform().transform(line.get_xydata()) for line in group]
        yield _record(ax, "line", places, [line.get_color() for line in group], sum(map(len, places)))
    patches = [patch for patch in ax.patches if patch.get_visible()]
    if patches:
        places = [patch.get_transform().transform_path(patch.get_path()).vertices for patch in patches]
        yield _record(ax, "patches", places, [patch.get_facecolor() for patch in patches], len(patches))
    for collection in filter(lambda artist: artist.get_visible(), ax.collections):
        yield _collection(ax, collection)
    texts = [text for text in ax.texts if text.get_visible()]
    if texts:
        yield _record(ax, "texts", map(_place, texts), [], len(texts))
    for image in filter(lambda artist: artist.get_visible(), ax.images):
        left, right, bottom, top = image.get_extent()
        corners = ax.transData.transform([(left, bottom), (right, top)])
        yield _record(ax, "image", [corners], [], image.get_size()) | _values(image)


def _place(text):
    text.get_window_extent()  # only then an annotation knows where it stands
    return text.get_transform().transform(text.get_unitless_position())


def _collection(ax, collection):
    kind = type(collection).__name__
    offsets = np.ma.filled(np.ma.asarray(collection.get_offsets(), dtype=float), np.nan)
    paths, weights = collection.get_paths(), None
    if isinstance(collection, ContourSet):
        # The curve counts, not how many corners it was drawn with.
        rings = [
            ring for path in paths for ring in path.to_polygons(collection.get_transform(), closed_only=False)
        ]
        places = [(ring[1:] + ring[:-1]) / 2 for ring in rings]
        weights = np.concatenate([np.zeros(0), *(np.hypot(*np.diff(ring, axis=0).T) for ring in rings)])
        count = len(collection.levels)
    elif offsets.size and (len(offsets) > 1 or offsets.any()):
        places, count = [collection.get_offset_transform().transform(offsets)], len(offsets)
    else:
        places = [collection.get_transform().transform_path(path).vertices for path in paths]
        count = len(places)
    found = _record(ax, kind, places, [], count, weights)
    if isinstance(collection, Quiver):
        longest = np.hypot(collection.U, collection.V).max() or 1
        arrows = collection.U / longest, collection.V / longest, np.linspace(0, 1, count)
        return found | {"values": _summary(np.column_stack(arrows))}
    return found | _values(collection)


def _record(ax, kind, places, paint, count, weights=None):
    points = np.concatenate([np.zeros((0, 2)), *(np.reshape(place, (-1, 2)) for place in places)])
    points = ax.transAxes.inverted().transform(points) if len(points) else points
    found = {"kind": kind, "count": str(count), "position": _summary(points, weights)}
    if paint:
        found["color"] = " ".join(dict.fromkeys(colors.to_hex(color, keep_alpha=True) for color in paint))
    return found


def _values(artist):
    """Summarise the colours of an artist: its numbers along the colour scale, or plain colours."""
    values, scale = artist.get_array(), {}
    if values is not None and np.ndim(values) < 3:
        scale = {"limits": _numbers(artist.get_clim(), ".5g")}
        values = np.ma.filled(np.ma.asarray(artist.norm(values), dtype=float), np.nan)
    else:
        values = artist.get_facecolor() if values is None else np.asarray(values)
        values = values / (255 if values.dtype == np.uint8 else 1)
        # One number a colour, in which red, green, blue and opacity weigh differently.
        values = values @ np.array([0.3, 0.5, 0.2, 0.1])[: values.shape[-1]]
    values = np.ravel(values)
    return scale | {"values": _summary(np.column_stack([values, np.linspace(0, 1, len(values))]))}


def _summary(points, weights=None):
    seen = np.isfinite(points).all(axis=1)
    # What lies outside of the axes is not seen, and a diverging run may be anywhere there.
    points = np.clip(points[seen], -1, 2)
    if not len(points):
        return ""
    weights = None if weights is None else weights[seen] + 1e-12
    waves = []
    for wave, lengths in ((np.cos, [2, 3, 4]), (np.sin, [3, -2, 2.5])):
        lengths = np.array(lengths[: points.shape[1]])
        # Divided, so that a point moves a wave by no more than it moved itself.
        waves.append(wave(points @ lengths) / np.linalg.norm(lengths))
    means = [np.average(numbers, weights=weights) for numbers in (*points.T, *waves)]
    return _numbers([*points.min(axis=0), *points.max(axis=0), *means], ".4f")


def _numbers(numbers, form):
    return " ".join(format(number, form) for number in numbers)

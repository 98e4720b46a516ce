"""A picture as inline SVG, from circles, boxes, lines, arrows and words: what helpers.diagrams draws with."""

from html import escape

import numpy as np

from .plotting import BLUE, ORANGE, PURPLE, VERMILION

WIDTH = 340  # of a picture, in units that are pixels on a phone; 12 of them are the smallest letters
NAMES = {BLUE: "blue", ORANGE: "orange", VERMILION: "vermilion", PURPLE: "purple"}


class Diagram:
    """A picture as SVG, for a notebook to show; ``title`` says in words what is drawn."""

    def __init__(self, height, title="", width=WIDTH):
        self.width, self.height, self.title, self.parts = width, height, title, []

    def __repr__(self):
        return self.title

    def _repr_html_(self):
        # On a phone as wide as the page; wider than the page only where letters would get too small.
        style = f"display:block;width:100%;max-width:{place_of(1.25 * self.width)}px;height:auto;margin:0.5em auto"
        if self.width > WIDTH:
            style += f";min-width:{place_of(0.92 * self.width)}px"
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {place_of(self.width)} {place_of(self.height)}"'
            f' font-size="13" fill="currentColor" style="{style}"><title>{escape(self.title)}</title>'
            f"{''.join(self.parts)}</svg>"
        )

    def add(self, tag, body="", color=None, **attributes):
        if color:  # twice, for reading devices that know no variables; book.css has the dark page's colours
            attributes["style"] = f"color:{color};color:var(--diagram-{NAMES[color]},{color})"
        named = {name.replace("_", "-"): value for name, value in attributes.items() if value is not None}
        given = [f'{k}="{v if isinstance(v, str) else place_of(v)}"' for k, v in named.items()]
        self.parts.append(f"<{tag} {' '.join(given)}" + (f">{body}</{tag}>" if body else "/>"))

    def shape(self, tag, tint=0.0, **attributes):
        """Draw an outline in ink or in ``color``, filled with as much of it as ``tint`` says."""
        self.add(
            tag,
            **{"stroke": "currentColor", "stroke_width": 1.5, "fill": "currentColor", "fill_opacity": tint}
            | attributes,
        )

    def circle(self, x, y, r, **attributes):
        self.shape("circle", cx=x, cy=y, r=r, **attributes)

    def box(self, x, y, width, height, **attributes):
        """Draw a box around the place (x, y)."""
        left, top = x - width / 2, y - height / 2
        self.shape("rect", **{"x": left, "y": top, "width": width, "height": height, "rx": 4} | attributes)

    def text(self, x, y, text, anchor="middle", **attributes):
        """Write letters whose middle is at the height ``y``; nothing, where there is nothing to say."""
        if text in (None, ""):
            return
        y += 0.35 * attributes.get("font_size", 13)
        self.add("text", escape(str(text)), x=x, y=y, text_anchor=anchor, **attributes)

    def line(self, *points, **attributes):
        path = "M" + "L".join(f"{place_of(x)} {place_of(y)}" for x, y in points)
        self.shape("path", **{"d": path, "fill": "none", "fill_opacity": None} | attributes)

    def arrow(self, *points, color=None, **attributes):
        """Draw a line with a head at its end; no marker, whose name would have to be unique on a page."""
        (x0, y0), (x1, y1) = points[-2:]
        length = np.hypot(x1 - x0, y1 - y0)
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        neck = (x1 - 7 * dx, y1 - 7 * dy)
        self.line(*points[:-1], neck, color=color, **attributes)
        corners = [(x1, y1), (neck[0] - 4 * dy, neck[1] + 4 * dx), (neck[0] + 4 * dy, neck[1] - 4 * dx)]
        path = "M" + "L".join(f"{place_of(x)} {place_of(y)}" for x, y in corners) + "Z"
        self.add("path", d=path, color=color, opacity=attributes.get("opacity"))


def place_of(x):
    """Write a place in the picture: one digit after the point, so that honest runs agree."""
    return format(round(float(x), 1) + 0.0, "g")


def number(value, digits=2, inner=False):
    """Write a number for a reader, or a name as it is; within a sum or product, a negative in brackets."""
    if value is None or isinstance(value, str):
        return value or ""
    text = f"{value:.{digits}f}"
    text = (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")
    text = "0" if text == "−0" else text
    return f"({text})" if inner and text[0] == "−" else text

"""The card that a social network shows for a link to a page: sphinxext.opengraph writes it.

Here it is told where the site will be, and given a picture: the title above a hundred networks.
"""

import re
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)  # pixels, as social networks show it
PICTURE = "_static/card.png"
SHOWS = "The test errors of a hundred networks that differ only by chance, as a histogram."


def describe_site(app, config):
    config.ogp_site_url, config.ogp_site_name = config.html_baseurl, config.html_title
    config.ogp_type = "article"
    config.ogp_social_cards = {"enable": False}  # of its own making
    if config.html_baseurl:
        config.ogp_image, config.ogp_image_alt = PICTURE, SHOWS
        config.ogp_custom_meta_tags = ['<meta name="twitter:card" content="summary_large_image">']


def leave_out_address(app, pagename, templatename, context, doctree):
    """Take out the page's own address where the site's is not known: half of one is none."""
    if not app.config.html_baseurl:
        context["metatags"] = re.sub('<meta property="og:url".*\n', "", context.get("metatags", ""))


def draw_card(app, exception):
    picture = Path(app.srcdir) / "book" / "_generated" / "03_house_prices.png"
    if exception or not picture.exists():
        return
    card = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(card)
    draw.text((60, 50), app.config.html_title, "#1a1a1a", ImageFont.load_default(72))
    motto = "A first course in which nothing rests on one lucky run"
    draw.text((60, 150), motto, "#444444", ImageFont.load_default(36))
    histogram = Image.open(picture).convert("RGB")
    histogram.thumbnail((1080, 390))
    card.paste(histogram, ((SIZE[0] - histogram.width) // 2, 225))
    card.save(Path(app.outdir) / PICTURE)


def setup(app):
    app.setup_extension("sphinxext.opengraph")
    app.connect("config-inited", describe_site, priority=900)  # after notebooks.py, which finds it
    app.connect("html-page-context", leave_out_address, priority=900)
    app.connect("build-finished", draw_card)
    return {"version": "1", "parallel_read_safe": True}

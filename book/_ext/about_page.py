"""What the foot of each page says: the edition, and where to report a mistake on that very page."""

from pathlib import Path
from urllib.parse import urlencode

import yaml


def find_edition(app, config):
    citation = yaml.safe_load((Path(app.srcdir) / "CITATION.cff").read_text(encoding="utf-8"))
    date = citation["date-released"]
    config.version = config.release = citation["version"]
    config.edition_date = f"{date.day} {date:%B %Y}"


def describe_edition(app, pagename, templatename, context, doctree):
    config, repository = app.config, app.config.repository  # which notebooks.py finds
    asked = {
        "title": f"Mistake: {context.get('title', pagename)}",
        "body": f"Page: {pagename}, version {config.version}\nWhat it says:\nWhat is wrong with it:\n",
    }
    context["edition"] = {
        "version": config.version,
        "date": config.edition_date,
        "report": repository and f"https://github.com/{repository}/issues/new?{urlencode(asked)}",
    }


def setup(app):
    # A value of the configuration, so that pages are written anew when it changes.
    app.add_config_value("edition_date", "", "html")
    app.connect("config-inited", find_edition)
    app.connect("html-page-context", describe_edition)
    return {"version": "1", "parallel_read_safe": True}

"""What the foot of each page says: the edition, and where to report a mistake on that very page."""

from pathlib import Path
from urllib.parse import urlencode

import yaml


def describe_edition(app, pagename, templatename, context, doctree):
    citation = yaml.safe_load((Path(app.srcdir) / "CITATION.cff").read_text(encoding="utf-8"))
    date, repository = citation["date-released"], app.config.repository  # which notebooks.py finds
    version = citation["version"]
    asked = {
        "title": f"Mistake: {context.get('title', pagename)}",
        "body": f"Page: {pagename}, version {version}\nWhat it says:\nWhat is wrong with it:\n",
    }
    context["edition"] = {
        "version": version,
        "date": f"{date.day} {date:%B %Y}",
        "report": repository and f"https://github.com/{repository}/issues/new?{urlencode(asked)}",
    }


def setup(app):
    app.connect("html-page-context", describe_edition)
    return {"version": "1", "parallel_read_safe": True}

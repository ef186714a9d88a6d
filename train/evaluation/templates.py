"""A template of this folder and its values -> text."""

from pathlib import Path

import jinja2

from train.evaluation import words


def rendered(template: str, values: dict[str, object]) -> str:
    """In HTML every value is escaped; in Markdown a user's text goes through the filter `code`.

    A name that is missing from the values is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=template.endswith(".html.jinja"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "answered_by": words.answered_by,
        "code": words.code,
        "elsewhere": words.elsewhere,
        "faithful": words.faithful,
        "interval": words.interval,
        "number": words.number,
        "percent": words.percent,
    }
    return environment.get_template(template).render(values)

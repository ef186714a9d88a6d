"""The page has words for every category, in the order that the core has."""

from handlers.categories import CODES
from streamlit_app.names import WORDS


def test_every_category_has_words_in_the_cores_order() -> None:
    assert tuple(WORDS) == CODES
    assert all(WORDS.values())

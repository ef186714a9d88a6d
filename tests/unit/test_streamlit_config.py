"""What the page's Streamlit is told by the project's own file."""

import tomllib

from handlers.limits import MAX_BODY_BYTES
from mar_config.build import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


def test_it_sends_no_usage_statistics() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False


def test_it_listens_on_loopback() -> None:
    assert CONFIG["server"]["address"] == "127.0.0.1"


def test_it_takes_what_the_service_takes() -> None:
    assert CONFIG["server"]["maxUploadSize"] * 1_000_000 == MAX_BODY_BYTES

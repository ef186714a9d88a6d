"""The page when the chosen backend is down."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.using import drop
from tests.conftest import free_ports
from up.processes import running
from up.servers import servers
from up.settings import DEFAULT_PORTS, Settings


@pytest.fixture(params=["torchserve", "ray"])
def lonely_page(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The page alone, with this backend as its setting says; its address and the backend."""
    ports = zip(DEFAULT_PORTS, map(str, free_ports(len(DEFAULT_PORTS))), strict=True)
    environment = {**os.environ, **dict(ports), "SKIN_BACKEND": request.param}
    server = next(one for one in servers(Settings.from_env(environment)) if one.name == "the page")
    with running(tmp_path / "logs", environment) as group:
        group.start(server)
        group.wait_until_ready()
        yield server.address, request.param


def test_it_says_so_and_how_to_start_it(
    browser: Browser, lonely_page: tuple[str, str], lesion_jpeg: bytes
) -> None:
    address, backend = lonely_page
    command = {
        "torchserve": "mar_config/start_torchserve.sh",
        "ray": "serve run serve.app:deployment",
    }[backend]
    page = browser.new_page()
    page.goto(address)

    drop(page, ("lesion.jpg", lesion_jpeg))

    expect(page.get_by_text("is down: Nothing answers at")).to_be_visible()
    expect(page.get_by_text(command)).to_be_visible()
    expect(page.get_by_text("● TorchServe is down")).to_be_visible()
    expect(page.get_by_text("● Ray Serve is down")).to_be_visible()

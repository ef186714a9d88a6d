"""What a person does on the page."""

from playwright.sync_api import FilePayload, Locator, Page

NAMES = {"torchserve": "TorchServe", "ray": "Ray Serve"}


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    payloads: list[FilePayload] = [
        {"name": name, "mimeType": "application/octet-stream", "buffer": body}
        for name, body in files
    ]
    # On a slow machine the page may still be at what was chosen before.
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    page.locator("input[type=file]").set_input_files(payloads)


def choose(page: Page, backend: str) -> None:
    page.get_by_role("radiogroup").get_by_text(NAMES[backend], exact=True).click()


def choose_category(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="For which category?").click()
    page.get_by_role("option", name=name).click()


def picture(page: Page) -> Locator:
    return page.locator("[data-testid=stImage] img")

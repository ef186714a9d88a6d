"""One HTTP request to a server."""

import http.client
import urllib.error
from urllib.request import ProxyHandler, Request, build_opener, urlopen

from registry.loopback import is_loopback

UNREACHABLE = (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError)


def answer_to(request: Request, within_s: float) -> tuple[int, bytes]:
    """Status and body, also of a refusal. Raises what UNREACHABLE lists."""
    # Pictures and keys that are for this machine go by no proxy of the environment's.
    send = build_opener(ProxyHandler({})).open if is_loopback(request.full_url) else urlopen
    try:
        with send(request, timeout=within_s) as answer:
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()

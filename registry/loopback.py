"""What is on this machine itself, which no proxy of the environment's is to be asked for."""

import ipaddress
import os
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

NO_PROXY = ("no_proxy", "NO_PROXY")


def is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bypass_proxies(url: str) -> None:
    """Where it is on this machine, whatever goes by the environment asks for it directly from now
    on, as MLflow's requests do."""
    # Where that names no proxy, to name an exception could hide those of the system.
    if not (is_loopback(url) and getproxies_environment()):
        return
    # Of the two, the first that says something is read alone.
    said = next(filter(None, map(os.environ.get, NO_PROXY)), "")
    hosts = [host for host in said.split(",") if host.strip()]
    own = str(urlsplit(url).hostname)
    # requests looks for an IPv6 address without its brackets, urllib with them.
    new = [name for name in ([own, f"[{own}]"] if ":" in own else [own]) if name not in hosts]
    if said.strip() != "*" and new:
        os.environ.update(dict.fromkeys(NO_PROXY, ",".join([*hosts, *new])))

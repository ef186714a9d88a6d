"""MLflow, TorchServe, Ray Serve and the page until Ctrl-C: python -m up."""

import argparse
import logging
import os
import signal
import sys
import time
import webbrowser

from up.logs import reserved
from up.processes import ENDING_SIGNALS, StartError, check_ports, running
from up.servers import servers
from up.settings import Settings, SettingsError

log = logging.getLogger(__name__)

NO_PROXY = ("no_proxy", "NO_PROXY")


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    argparse.ArgumentParser(prog="python -m up", description=__doc__).parse_args()
    # One way to end, whoever asks for it; a parent may have told us to ignore Ctrl-C.
    for number in ENDING_SIGNALS:
        # Of a terminal that closes, nohup's word counts.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    try:
        up(Settings.from_env())
    except (StartError, SettingsError) as error:
        log.error("%s", error)
        return 2
    except KeyboardInterrupt:
        log.info("all ended")
    return 0


def up(settings: Settings) -> None:
    check_ports(settings)
    # Models are sought in the registry that starts here, unless another one is named.
    registry = {"MLFLOW_TRACKING_URI": settings.url("SKIN_MLFLOW_PORT")}
    # As TorchServe is started: with the archive that there is now, whatever was registered before.
    no_snapshot = {"SKIN_SNAPSHOT": ""}
    directly = {name: unproxied(os.environ.get(name, ""), settings.host) for name in NO_PROXY}
    env = registry | no_snapshot | os.environ | directly
    with reserved(settings.logs), running(settings.logs, env) as group:
        for server in servers(settings):
            log.info("starting %s", server.name)
            group.start(server)
        group.wait_until_ready()
        for server in servers(settings):
            log.info("%-10s  %s", server.name, server.address)
        log.info("Ctrl-C ends them all.")
        page = settings.url("SKIN_PAGE_PORT")
        if sys.platform == "darwin" or os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY"}:
            webbrowser.open(page)
        while (ended := group.ended()) is None:
            time.sleep(1)
        raise StartError(
            f"{ended.name} ended by itself, so the others were ended: see {group.logs}."
        )


def unproxied(hosts: str, own: str) -> str:
    """The servers ask each other, which no proxy of the environment is to see."""
    return hosts if hosts.strip() == "*" else ",".join(filter(None, (hosts, own)))


if __name__ == "__main__":
    sys.exit(main())

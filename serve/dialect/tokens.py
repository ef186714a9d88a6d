"""TorchServe's tokens: the key file that tells clients their keys, and what a key opens."""

import hmac
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Self

from serve.dialect.faults import InvalidKey

BEARER = re.compile(r"Bearer\s+(\S+)", re.ASCII)
# TorchServe's length: 8 characters of URL-safe base64.
KEY_BYTES = 6
REFUSED = "Token {} failed. Token either incorrect, expired, or not provided correctly"
NOT_AUTHORIZED = REFUSED.format("Authorization")
NOT_AUTHENTICATED = REFUSED.format("Authentication")


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Key:
    """`expires` is None for a key that never does."""

    secret: str
    expires: datetime | None

    def opens(self, authorization: str | None, now: datetime) -> bool:
        found = BEARER.fullmatch(authorization or "")
        if found is None or (self.expires is not None and now >= self.expires):
            return False
        return hmac.compare_digest(found[1].encode(), self.secret.encode())

    def as_json(self) -> dict[str, str]:
        if self.expires is None:
            return {"key": self.secret}
        expires = self.expires.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"key": self.secret, "expiration time": expires}


class Tokens:
    """One key for inference, one for management, and the API's own that renews the two."""

    def __init__(
        self, path: Path, lifetime: timedelta, now: Callable[[], datetime], keys: dict[str, Key]
    ) -> None:
        self.path = path
        self.lifetime = lifetime
        self.now = now
        self.keys = keys

    @classmethod
    def create(cls, path: Path, lifetime: timedelta, now: Callable[[], datetime] = utc_now) -> Self:
        """Replaces the key file of a server before; `now` is in UTC."""
        expires = now() + lifetime
        keys = {"management": expires, "inference": expires, "API": None}
        made = cls(path, lifetime, now, {kind: new_key(end) for kind, end in keys.items()})
        write(path, made.keys)
        return made

    def check(self, kind: Literal["inference", "management"], authorization: str | None) -> None:
        """Raises InvalidKey."""
        if not self.keys[kind].opens(authorization, self.now()):
            raise InvalidKey(NOT_AUTHORIZED)

    def renew(self, kind: str | None, authorization: str | None) -> None:
        """The old key opens nothing any more. Raises InvalidKey."""
        allowed = self.keys["API"].opens(authorization, self.now())
        if kind not in ("inference", "management") or not allowed:
            raise InvalidKey(NOT_AUTHENTICATED)
        renewed = self.keys | {kind: new_key(self.now() + self.lifetime)}
        # Clients learn the key from the file alone, so what can't be written must not hold.
        write(self.path, renewed)
        self.keys = renewed

    def close(self) -> None:
        """Leaves a file alone that another server has written meanwhile."""
        try:
            found = self.path.read_text()
        except (OSError, UnicodeDecodeError):
            return
        if found == text(self.keys):
            self.path.unlink(missing_ok=True)


def new_key(expires: datetime | None) -> Key:
    return Key(secret=secrets.token_urlsafe(KEY_BYTES), expires=expires)


def text(keys: dict[str, Key]) -> str:
    return json.dumps({kind: key.as_json() for kind, key in keys.items()}, indent=2)


def write(path: Path, keys: dict[str, Key]) -> None:
    """Whoever reads sees the old file or the new one, and nobody but its owner can."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made with mode 0600, whatever the umask.
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text(keys))
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise

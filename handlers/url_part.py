"""What can't be a part of a URL, as a model's name and version are."""

import re

# They must be able to stand between slashes.
UNSPEAKABLE = re.compile(r"[/\\\x00-\x1f\x7f\ud800-\udfff]|^\.{0,2}$")

"""`front`, for `serve build serve.built:front`: Ray Serve's config file, for a cluster.

Addresses stand in that file; all else is read from SKIN_* variables where the cluster imports this.
"""

from serve.app import bound
from serve.settings import Settings

front = bound(Settings.from_env())

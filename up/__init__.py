"""Every server of this project on this machine, started and ended together."""

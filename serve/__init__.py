"""Serving by Ray Serve, in TorchServe's own dialect."""

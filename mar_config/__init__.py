"""Packing the model for TorchServe, and how TorchServe runs it."""

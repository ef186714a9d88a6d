"""A study: many trials of the training, each with other settings, on one split of the data."""

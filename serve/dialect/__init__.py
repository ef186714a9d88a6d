"""TorchServe's surface: its paths, forms, answers, tokens and metrics; knows no Ray."""

"""The same core served by others, for tests.bench.serving: one worker each, batches like ours.

LitServe and BentoML belong to no extra, as nothing else needs them: a virtual environment of their
own that sees this project's packages too keeps its versions as they are (README, "Tests").
"""

"""OpenAPI of the management port."""

from serve.dialect.description_parts import (
    MODEL,
    SHARE,
    VERSION,
    Json,
    Paths,
    answer,
    answers,
    flag,
    in_path,
    in_query,
    integer,
    listed,
    operation,
    schema,
    string,
)

DONE: Json = {"200": answer("Done.", schema("Status"))}
BEGUN: Json = {
    "202": answer("Begun; describe the model to see how far it is.", schema("Status")),
    "206": answer("Some workers are up.", schema("Status")),
}

BY_VERSION = listed(schema("Model"))
DESCRIBED: Json = {
    "200": answer("By version.", BY_VERSION),
    # A handler that fails to describe itself gives its status, but not its body, to the whole.
    "400": answer(
        "No valid token, or the handler refused to describe itself.",
        {"oneOf": [schema("Fault"), BY_VERSION]},
    ),
}

REGISTRATION: dict[str, tuple[str, Json]] = {
    "url": ("A file of the model store, or an address that is allowed.", string()),
    "model_name": ("Instead of the name in the archive.", string()),
    "handler": ("Instead of the handler in the archive.", string()),
    "runtime": ("What runs the handler.", string(enum=["python", "python3", "LSP"])),
    "batch_size": ("The most requests in one batch.", integer(1)),
    "max_batch_delay": ("Milliseconds that a batch waits for more.", integer(100)),
    "response_timeout": ("Seconds that a worker has for a batch.", integer(120)),
    "startup_timeout": ("Seconds that a worker has to load the model.", integer(120)),
    "initial_workers": ("How many workers to start at once.", integer(0)),
    "synchronous": ("Whether to answer only when the workers are up.", flag(True)),
    "s3_sse_kms": ("Whether S3 encrypts by KMS.", flag(False)),
}
SCALING = [
    in_query("min_worker", "The least workers to keep.", integer(1)),
    in_query("max_worker", "The most workers; min_worker if it is left out.", integer()),
    in_query("synchronous", "Whether to answer only when it is done.", flag(False)),
    in_query("number_gpu", "Accepted, without effect.", integer(0)),
    in_query("timeout", "Accepted, without effect.", integer(-1)),
]
# Ours; TorchServe ignores them.
SHARING = [
    in_query("weight", "Share of the requests without a version that this one gets.", SHARE),
    in_query("shadow", "Whether it gets a copy of them, which nobody sees.", flag(False)),
]
CUSTOMIZED = in_query("customized", "Whether the handler describes itself too.", flag(False))
ALL = in_path("model_version", "One of its versions, or `all`.")


def one_model(suffix: str, which: list[Json], extras: list[Json]) -> dict[str, Json]:
    """The same three for a model and for one of its versions."""
    described = [ALL if parameter is VERSION else parameter for parameter in which]
    return {
        "get": operation(
            f"describe{suffix}",
            "How it is set up and how its workers are.",
            answers(DESCRIBED, 404, 500, 503),
            parameters=[*described, CUSTOMIZED],
        ),
        "put": operation(
            f"scale{suffix}",
            "How many workers it has.",
            answers(DONE | BEGUN, 400, 404, 500),
            parameters=[*which, *SCALING, *extras],
        ),
        "delete": operation(
            f"unregister{suffix}",
            "Ends its workers and forgets it.",
            answers(DONE, 400, 403, 404, 405, 408, 500),
            parameters=which,
        ),
    }


ONE_MODEL: Paths = {
    "/models/{model_name}": one_model("", [MODEL], []),
    "/models/{model_name}/{model_version}": one_model("_version", [MODEL, VERSION], SHARING),
    "/models/{model_name}/{model_version}/set-default": {
        "put": operation(
            "set_default",
            "Requests without a version go to this one.",
            answers(DONE, 400, 404, 500),
            parameters=[MODEL, VERSION],
        )
    },
}

# What TorchServe's own description lists.
LISTED: Paths = {
    "/models": {
        "get": operation(
            "list_models",
            "The registered models, by name.",
            answers({"200": answer("One page of them.", schema("ModelList"))}, 400, 500),
            parameters=[
                in_query("limit", "The most on a page; 100 if it is out of range.", integer(100)),
                in_query("next_page_token", "From the page before.", integer(0)),
            ],
        ),
        "post": operation(
            "register",
            "From an archive.",
            answers(DONE | BEGUN, 400, 403, 404, 405, 409, 413, 417, 500, 507),
            parameters=[
                in_query(name, text, kind, required=name == "url")
                for name, (text, kind) in REGISTRATION.items()
            ],
        ),
    },
    **ONE_MODEL,
}

# What TorchServe answers too.
UNLISTED: Paths = {
    "/models/{model_name}": {
        "options": operation(
            "describe_management",
            "What can be asked about one model.",
            answers(
                {"200": answer("An OpenAPI description.", schema("Description"))}, 400, 404, 500
            ),
            parameters=[MODEL],
        )
    },
    "/v1/models/{model_name}": {
        "get": operation(
            "kserve_v1_ready",
            "Whether it has a worker, as KServe 1 asks.",
            answers({"200": answer("It is registered.", schema("Readiness"))}, 400, 404, 500),
            parameters=[MODEL],
        )
    },
    "/token": {
        "get": operation(
            "renew_token",
            "A new key in the key file; the old one is void. Not found where no token is needed.",
            answers({"200": {"description": "Renewed; the key itself is in the file."}}, 400, 404),
            parameters=[
                in_query(
                    "type", "Which one.", string(enum=["management", "inference"]), required=True
                )
            ],
        )
    },
}

"""OpenAPI of the inference port."""

from serve.dialect import description_answers
from serve.dialect.description_parts import (
    JSON,
    MODEL,
    VERSION,
    Json,
    Paths,
    answer,
    answers,
    in_query,
    operation,
    record,
    schema,
    string,
)

ANYTHING = string(format="binary")
PNG = "image/png"
TARGET = description_answers.code()
BY_QUERY = in_query(
    "target",
    "The category to explain, one that the model was trained on; else the most probable of these."
    " A form's field `target` says the same, and is the only way that TorchServe hands on.",
    TARGET,
)
REFUSED = (400, 404, 413, 417, 500, 503, 507)
NAME = in_query("model_name", "May be left out if one model alone was loaded.", string())


def predicting(name: str, summary: str, *parameters: Json) -> dict[str, Json]:
    return {
        "post": asking(
            name,
            summary,
            good("A prediction", {JSON: {"schema": schema("Prediction")}}),
            body({}),
            parameters,
        )
    }


def explaining(name: str, summary: str, *parameters: Json) -> dict[str, Json]:
    """A PNG of the picture under its relevance where the client accepts that."""
    found: Json = {JSON: {"schema": schema("Explanation")}, PNG: {"schema": ANYTHING}}
    return {
        "post": asking(
            name,
            summary,
            good("An explanation", found),
            body({"target": TARGET}),
            parameters,
        )
    }


def good(what: str, content: Json) -> Json:
    return {
        "description": f"{what} by skin_vit; other models answer what they like.",
        "content": {**content, "*/*": {"schema": ANYTHING}},
    }


def body(fields: dict[str, Json]) -> Json:
    """`fields` are those of a form beside the image."""
    return {
        "description": "The image, raw or in a form's field `data`; other models take their own.",
        "required": True,
        "content": {
            "*/*": {"schema": ANYTHING},
            "multipart/form-data": {"schema": record({"data": ANYTHING}, fields)},
        },
    }


def asking(name: str, summary: str, good: Json, sent: Json, parameters: tuple[Json, ...]) -> Json:
    return operation(
        name,
        summary,
        answers({"200": good}, *REFUSED),
        parameters=list(parameters),
        requestBody=sent,
    )


def about_model(name: str) -> dict[str, Json]:
    return {
        "options": operation(
            name,
            "What can be asked of one model.",
            answers(
                {"200": answer("An OpenAPI description", schema("Description"))}, 400, 404, 500
            ),
            parameters=[MODEL],
        )
    }


PING: Paths = {
    "/ping": {
        "get": operation(
            "ping",
            "Whether the server is well.",
            answers(
                {
                    "200": answer("It is.", schema("Health")),
                    "500": answer("It is not.", schema("Health")),
                },
                400,
            ),
        )
    }
}

# What TorchServe's own description lists.
LISTED: Paths = PING | {
    "/v1/models/{model_name}:predict": predicting("kserve_v1_predict", "As KServe 1 asks.", MODEL),
    "/v2/models/{model_name}/infer": predicting("kserve_v2_infer", "As KServe 2 asks.", MODEL),
    "/predictions/{model_name}": predicting("predict", "Of the default version.", MODEL),
    "/predictions/{model_name}/{model_version}": predicting(
        "predict_version", "Of one version.", MODEL, VERSION
    ),
}

# What TorchServe answers too.
UNLISTED: Paths = {
    "/predictions/{model_name}": about_model("describe_predictions"),
    "/explanations/{model_name}": explaining("explain", "By the default version.", MODEL, BY_QUERY),
    "/explanations/{model_name}/{model_version}": explaining(
        "explain_version", "By one version.", MODEL, VERSION, BY_QUERY
    ),
    "/v1/models/{model_name}:explain": explaining("kserve_v1_explain", "As KServe 1.", MODEL),
    "/v2/models/{model_name}/explain": explaining("kserve_v2_explain", "As KServe 2.", MODEL),
    "/invocations": predicting("invoke", "The model's name is a parameter, or a field.", NAME),
    "/models/{model_name}/invoke": predicting("invoke_model", "As SageMaker asks.", MODEL),
    "/{model_name}/predict": predicting("legacy_predict", "An older path.", MODEL),
    "/{model_name}/{model_version}/predict": predicting(
        "legacy_predict_version", "An older path.", MODEL, VERSION
    ),
}

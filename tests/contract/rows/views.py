"""What of an answer's body is compared."""

import json
import re

import httpx

# What Ray Serve counts on top.
EXTENSION = re.compile(r"\bshadow_")
# Of the model that both servers were asked for alike, which version each sample is of.
VERSION = re.compile(r'model_name="acting",model_version="(?P<version>[^"]*)"')
LABEL = re.compile(r'(\w+)="[^"]*"')
NUMBER = re.compile(r"\d+\.\d+(E-?\d+)?")
SAMPLE = re.compile(r"^(?P<name>\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$")


def body(answer: httpx.Response) -> object:
    """JSON as values and its outward form; anything else as it is."""
    text = answer.content.decode("utf-8", "surrogateescape")
    try:
        value = json.loads(text)
    except ValueError:
        return text
    form = {"lines": len(text.splitlines()), "end": text[-1:] if text[-1:] == "\n" else ""}
    return {"json": value, "form": form}


def description(answer: httpx.Response) -> object:
    """OpenAPI: that it is one, and its text."""
    found = json.loads(answer.content)
    return {"openapi": found["openapi"].split(".")[0], "has": sorted(found), "text": answer.text}


def metrics(answer: httpx.Response) -> object:
    """What there is, with which labels, and how each value is written."""
    lines = [line for line in answer.text.splitlines() if not EXTENSION.search(line)]
    samples = [found for line in lines if (found := SAMPLE.match(line))]
    labels = {found["name"]: LABEL.sub(r"\1", found["labels"]) for found in samples}
    versions = {
        f"{found['name']} of {version['version']}"
        for found in samples
        if (version := VERSION.search(found["labels"]))
    }
    return {
        "described": sorted(line for line in lines if line.startswith("#")),
        "labels": dict(sorted(labels.items())),
        "versions": sorted(versions),
        "numbers": all(NUMBER.fullmatch(found["value"]) for found in samples),
    }


def nothing(answer: httpx.Response) -> object:
    return None

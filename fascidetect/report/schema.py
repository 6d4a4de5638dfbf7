"""The JSON Schema of result.json, generated from the types that write it.

``python -m fascidetect.report.schema`` renews the shipped file.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import msgspec

from fascidetect.model import SCHEMA_VERSION
from fascidetect.report.export import ResultFile
from fascidetect.settings_file import describe

SCHEMA_PATH = Path(__file__).parent.parent / "schema" / "result.schema.json"
"""Where the schema lies in an installed package."""

_TABLES = {
    "clip": "ClipSettings",
    "measure": "MeasureSettings",
    "detect": "DetectSettings",
    "quality": "QualitySettings",
    "report": "ReportSettings",
}


def result_schema() -> dict[str, Any]:
    """Build the schema of result.json: every setting described, infinity written as null."""
    schema = msgspec.json.schema(ResultFile)
    definitions = schema["$defs"]
    for definition in definitions.values():
        definition["description"] = inspect.cleandoc(definition["description"]).split("\n\n")[0].replace("\n", " ")
        for entry in definition.get("properties", {}).values():
            if entry.get("default") == {}:  # msgspec before 0.23 leaves it out
                del entry["default"]
    for row in describe():
        table, key = row.name.split(".")
        entry = definitions[_TABLES[table]]["properties"][key]
        entry.pop("default", None)
        entry["description"] = f"{row.meaning} [{row.unit}]" if row.unit else row.meaning
    to_s = definitions["ClipSettings"]["properties"]["to_s"]
    to_s["description"] += "; null = to the end"
    to_s["type"] = ["number", "null"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"fascidetect result {SCHEMA_VERSION}",
        **schema,
    }


def schema_text() -> bytes:
    """The text of the shipped schema file."""
    return msgspec.json.format(msgspec.json.encode(result_schema(), order="deterministic"), indent=2) + b"\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_bytes(schema_text())

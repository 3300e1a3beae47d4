"""The OpenAPI document of the API, made from the table of questions, so that it says what the server does."""

from __future__ import annotations

from typing import Any, Final

from huntserver import errors
from huntserver.api.questions import QUESTIONS, Question

_TYPES: Final = {str: {"type": "string"}, int: {"type": "integer", "format": "int64"}, bool: {"type": "boolean"}}
_CODES: Final = ("bad_field", "bad_token", "not_allowed", "no_such_hunt", "busy", "unavailable")


def document(version: str) -> dict[str, Any]:
    """Return the document, ready for JSON."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "huntserver read models", "version": version},
        "paths": {question.path: {"get": _operation(question)} for question in QUESTIONS},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": {
                "Refusal": {
                    "type": "object",
                    "required": ["code"],
                    "properties": {"code": {"type": "string", "enum": sorted(errors.REFUSALS)}, "msg": _TYPES[str]},
                }
            },
        },
    }


def _operation(question: Question) -> dict[str, Any]:
    row = {"type": "object", "properties": {name: _TYPES[kind] for name, kind in question.columns.items()}}
    body = {
        "type": "object",
        "required": [question.rows],
        "properties": {question.rows: {"type": "array", "items": row}, "next": _TYPES[str]},
    }
    path = [{"name": "id", "in": "path", "required": True, "schema": _TYPES[str]}] if "{id}" in question.path else []
    given = [
        {"name": p.name, "in": "query", "description": f"{p.text}; {p.allowed}", "schema": _TYPES[str]}
        for p in question.parameters
    ]
    return {
        "summary": question.text,
        "parameters": [*path, *given],
        "security": [{"token": []}] if question.needs_token else [{}, {"token": []}],
        "responses": {
            "200": {
                "description": "A page; `next` is there unless it is the last. `x-folded-ms`: up to when it is whole.",
                "headers": {"etag": {"schema": _TYPES[str]}, "x-folded-ms": {"schema": _TYPES[int]}},
                "content": {"application/json": {"schema": body}},
            },
            "304": {"description": "The asker has it: its `if-none-match` names the ETag."},
            **{str(status): _refusal(status) for status in sorted({errors.status(code) for code in _CODES})},
        },
    }


def _refusal(status: int) -> dict[str, Any]:
    codes = ", ".join(code for code in _CODES if errors.status(code) == status)
    reference = {"$ref": "#/components/schemas/Refusal"}
    return {"description": codes, "content": {"application/json": {"schema": reference}}}

"""The read models over HTTP, on the players' port: JSON with ETags and pages, and the OpenAPI document of it."""

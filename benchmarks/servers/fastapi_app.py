"""The workload `fastapi`: an object as JSON."""

from __future__ import annotations

from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/")
async def hello() -> dict[str, str]:
    """One object."""
    return {"message": "Hello, world!"}

"""The known differences from Node (placeholder)."""
from __future__ import annotations
from typing import Any

def expected(scenario: dict[str, Any], node: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    return node, []

def agrees(scenario, wanted, ours, reasons) -> bool:
    return False

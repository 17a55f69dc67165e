"""How results are stored: JSON that can be read, and compared line by line."""

from __future__ import annotations

import json
from typing import Any

Row = dict[str, Any]


def as_lines(found: Row) -> str:
    """JSON with a line for each row of a part."""
    parts = []
    for name, rows in found.items():
        each = [f"  {json.dumps(row)}" for row in rows] if isinstance(rows, list) else []
        text = "[\n" + ",\n".join(each) + "\n ]" if each else json.dumps(rows)
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"

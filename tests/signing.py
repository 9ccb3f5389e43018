"""Evidence changed on purpose, with its digest made right again."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def sign(data: dict[str, Any]) -> str:
    """JSON text whose digest fits its content."""
    body = {key: value for key, value in data.items() if key != "content_sha256"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps({**body, "content_sha256": hashlib.sha256(text.encode()).hexdigest()})

"""What the routines of targets share."""

from __future__ import annotations

from typing import Literal

Optimize = Literal["size", "balanced", "speed"]

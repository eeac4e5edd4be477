"""In what precision the built-in model computes."""

from __future__ import annotations

from typing import Literal

Precision = Literal["fp32", "int8"]

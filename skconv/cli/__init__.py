"""The command line: ``skconv`` or ``python -m skconv``, then a command.

Nothing heavy is imported before it is known which command is wanted.
"""

from __future__ import annotations

from skconv.cli.main import main
from skconv.cli.parser import parser

__all__ = ["main", "parser"]

"""Benchmarks that asv runs for each commit, so that a figure has a history.

    asv run --config tests/benchmarks/asv.conf.json main~20..main
    asv publish --config tests/benchmarks/asv.conf.json

What is measured stands in the scripts of the folder above. They are found at the end of the path:
``skconv`` itself is the one that asv installed.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3]))

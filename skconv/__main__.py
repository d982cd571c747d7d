"""``python -m skconv``."""

import sys

from skconv.cli import main

sys.exit(main())

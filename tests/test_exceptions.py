"""The classes of warnings: one base, and cheap to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import skconv
from skconv import exceptions

WARNINGS = [name for name in exceptions.__all__ if name.endswith("Warning")]


@pytest.mark.parametrize("name", WARNINGS)
def test_every_warning_is_a_user_warning_of_skconv(name):
    kind = getattr(exceptions, name)
    assert issubclass(kind, exceptions.SkconvWarning)
    assert issubclass(kind, UserWarning)
    assert kind.__doc__.count("\n") == 0


def test_the_error_of_conversion_is_there_too():
    assert exceptions.NotConvertibleError is skconv.NotConvertibleError
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = exceptions.Nothing


def test_the_warnings_bring_no_other_module():
    code = "import sys; from skconv.exceptions import ShapeWarning; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""A missing tool skips a test for a user, and fails it in continuous integration."""

from __future__ import annotations

import pytest

from tests.conftest import require_tool

MISSING = "no-such-program-anywhere"


def test_a_missing_tool_skips_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=f"not installed: {MISSING}"):
        require_tool(MISSING)


def test_a_missing_tool_fails_in_continuous_integration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=f"not installed: {MISSING}, and CI=true"):
        require_tool(MISSING)


@pytest.mark.parametrize("ci", ["", "true"])
def test_what_is_installed_is_used(monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("shutil.which", lambda program: f"/bin/{program}")
    require_tool("sh", "cat")

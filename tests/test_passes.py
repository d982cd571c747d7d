"""Every pass of compression as it comes: what it may lose, and the C of what it gives."""

from __future__ import annotations

import re
from pathlib import Path

import joblib
import pytest

from skconv import compress
from skconv.passes.compress import PASSES
from tests import compressed

# Without training, as each pass comes: points of accuracy on digits not seen.
MOST_LOST = 0.03


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", PASSES)
def test_a_pass_as_it_comes(name, tmp_path):
    pipe, (X, y) = compressed.fitted("two stages"), compressed.digits()
    X_fit, y_fit = X[: compressed.N_FIT], y[: compressed.N_FIT]
    held = slice(compressed.N_FIT, None)
    small = compress(pipe, X_fit, y_fit, passes=[name])
    assert small.score(X[held], y[held]) >= pipe.score(X[held], y[held]) - MOST_LOST
    assert compressed.differing_bytes(small, 30, "portable", tmp_path) == 0
    joblib.dump(small, tmp_path / "small.joblib")
    again = joblib.load(tmp_path / "small.joblib")
    assert (again.predict(X[held]) == small.predict(X[held])).all()


def test_the_page_adds_a_pass(capsys):
    page = Path(__file__).parents[1] / "docs" / "adding_a_pass.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    names: dict = {"__name__": __name__}
    for block in blocks:
        exec(block, names)
    assert "DropWeights(share=0.3)" in capsys.readouterr().out
    before, after = names["small"].costs_
    assert after.score > before.score - 0.05
    weights = names["small"].graph_.by_name[names["small"].graph_.scores_name].op.weights
    assert (weights == 0).mean() == pytest.approx(0.3, abs=0.02)

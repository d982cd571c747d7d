"""`MemoryPlanDisplay`: blocks that lie where the plan puts the tensors."""

from __future__ import annotations

import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

import skconv

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module")
def model() -> skconv.deploy.model.CModel:
    X, y = skconv.datasets.load_digits()
    pipe = make_pipeline(skconv.PCANetFeatures(n_kernels=(4, 4)), RidgeClassifier())
    return skconv.to_c(pipe.fit(X[:300], y[:300]), X[:50])


def test_a_block_is_a_buffer(model: skconv.deploy.model.CModel) -> None:
    display = skconv.MemoryPlanDisplay.from_model(model)
    assert len(display.blocks_) == len(model.plan.buffers) > 1
    for block, buffer in zip(display.blocks_, model.plan.buffers, strict=True):
        assert block.get_xy() == (buffer.first_used, buffer.offset)
        assert block.get_width() == buffer.last_used - buffer.first_used + 1
        assert block.get_y() + block.get_height() == buffer.end
    assert display.ax_.get_ylim() == (0, model.plan.arena_bytes)
    assert f"{model.plan.arena_bytes:,}" in display.ax_.get_title()
    plt.close(display.figure_)


def test_no_two_blocks_overlap(model: skconv.deploy.model.CModel) -> None:
    boxes = [b.get_bbox() for b in skconv.MemoryPlanDisplay(model.plan).plot().blocks_]
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = min(one.x1, other.x1) <= max(one.x0, other.x0)
            assert apart or min(one.y1, other.y1) <= max(one.y0, other.y0)
    plt.close("all")


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(TypeError, match=r"RidgeClassifier, expected a CModel; write skconv\.to_c"):
        skconv.MemoryPlanDisplay.from_model(RidgeClassifier())

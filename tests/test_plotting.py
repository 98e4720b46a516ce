"""The figures draw the numbers they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers import plotting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_loss_curves_draw_one_loss_per_epoch():
    ax = plotting.loss_curves({"train": [3.0, 2.0, 1.0], "test": [4.0, 3.0, 3.5]})
    train, test = ax.lines
    np.testing.assert_array_equal(train.get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(test.get_ydata(), [4.0, 3.0, 3.5])
    assert ax.get_yscale() == "log" and ax.get_xlabel() == "epoch"
    assert train.get_linestyle() != test.get_linestyle(), "told apart by more than colour"


def test_loss_curves_of_many_models_are_a_median_in_a_band():
    losses = np.array([[1.0, 2.0], [2.0, 4.0], [9.0, 9.0]])
    ax = plotting.loss_curves({"models": losses}, log=False)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [2.0, 4.0])
    band = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == 1.5 and band.max() == 9.0 - (9.0 - 4.0) / 2
    assert ax.get_yscale() == "linear"


def test_loss_curves_without_an_epoch_are_refused():
    with pytest.raises(ValueError, match="'train'"):
        plotting.loss_curves({"train": []})


def test_predicted_against_true_draws_the_pairs():
    ax = plotting.predicted_against_true([[1.0], [2.0]], [[1.5], [1.0]], unit="kg")
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[1.0, 1.5], [2.0, 1.0]])
    assert "kg" in ax.get_xlabel() and "kg" in ax.get_ylabel()
    with pytest.raises(ValueError, match="3 values but predicted has 2"):
        plotting.predicted_against_true([1, 2, 3], [1, 2])


def test_distributions_show_every_value_and_the_median():
    ax = plotting.distributions({"a": [1.0, 2.0, 6.0], "b": [5.0]}, xlabel="error ($1000s)")
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1.0, 2.0, 6.0])
    medians = [line.get_xdata()[0] for line in ax.lines if line.get_color() == plotting.VERMILION]
    assert medians == [2.0, 5.0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["a", "b"]


def test_decision_regions_ask_about_the_whole_plane():
    asked = []

    def right_half(grid):
        asked.append(grid)
        return grid[:, 0] > 0.5

    ax = plotting.decision_regions(right_half, [[0, 0], [1, 1]], [0, 1], margin=0.5, resolution=5)
    assert asked[0].shape == (25, 2) and asked[0].dtype == np.float32
    assert asked[0].min() == -0.5 and asked[0].max() == 1.5
    drawn = {points.get_label(): points.get_offsets().tolist() for points in ax.collections[-2:]}
    assert drawn == {"class 0": [[0, 0]], "class 1": [[1, 1]]}
    assert ax.get_legend() is not None
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        plotting.decision_regions(right_half, [[0, 0, 0]], [1])


def test_colours_differ_in_lightness_or_hue_for_the_colour_blind():
    """Simulated deuteranopia and protanopia (Viénot, Brettel & Mollon 1999) keep pairs apart."""
    rgb = np.array([plt.matplotlib.colors.to_rgb(color) for color in plotting.COLORS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_lms = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    for lost in (
        np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    ):
        seen = linear @ (np.linalg.inv(to_lms) @ lost @ to_lms).T
        apart = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
        assert apart[~np.eye(len(seen), dtype=bool)].min() > 0.05

"""The networks have the layers their arguments ask for."""

import pytest
import torch
from torch import nn

from helpers.models import MLP, Regressor


def kinds(model):
    return [type(layer).__name__ for layer in model]


def test_regressor_is_the_network_of_chapter_2():
    model = Regressor()
    assert kinds(model) == ["Linear", "ReLU", "Linear", "ReLU", "Dropout", "Linear"]
    # By hand: (13 + 1) x 50, (50 + 1) x 30, 30 + 1.
    assert sum(p.numel() for p in model.parameters()) == 700 + 1530 + 31
    assert model(torch.zeros(4, 13)).shape == (4, 1)


def test_output_is_linear_unless_asked():
    assert kinds(Regressor(output_activation=nn.ReLU))[-1] == "ReLU"
    assert kinds(Regressor(dropout=0)) == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]


def test_dropout_has_the_rate_asked_for():
    assert Regressor()[4].p == 0.5
    assert MLP(2, (4,), 1, dropout=0.3)[2].p == 0.3


def test_mlp_takes_any_depth_and_activation():
    assert kinds(MLP(2, (4, 4), 1, activation=nn.Tanh)) == ["Linear", "Tanh", "Linear", "Tanh", "Linear"]
    assert kinds(MLP(2, (4, 4), 1, activation=None)) == ["Linear"] * 3
    assert kinds(MLP(2, (), 1, dropout=0.5)) == ["Linear"]


@pytest.mark.parametrize("widths", [(0, (5,), 1), (2, (5, -1), 1), (2, (5,), 1.5)])
def test_bad_widths_are_refused(widths):
    with pytest.raises(ValueError, match="whole numbers of 1 or more"):
        MLP(*widths)


@pytest.mark.parametrize("dropout", [-0.1, 1, 50])
def test_bad_dropout_is_refused(dropout):
    with pytest.raises(ValueError, match="dropout"):
        MLP(2, (5,), 1, dropout=dropout)


def test_layers_can_be_taken_out():
    model = Regressor()
    assert model[0].out_features == 50 and model[-1].out_features == 1
    X = torch.rand(4, 13)
    assert torch.equal(model[:2](X), torch.relu(model[0](X)))

"""The networks: written out in chapter 3, imported ever after."""

from torch import nn


class MLP(nn.Sequential):
    """A multi-layer perceptron: linear layers with an activation after each but the last.

    Parameters
    ----------
    in_features : int
        Numbers in a row of input.
    hidden : sequence of int
        Width of each hidden layer; empty for a linear model.
    out_features : int
        Numbers in a row of output.
    activation : callable that returns an ``nn.Module``, or None
        For example ``nn.ReLU``; None leaves the layers linear.
    dropout : float
        Probability of dropping a unit of the last hidden layer, during training only.
    output_activation : callable that returns an ``nn.Module``, or None
        None, the default, leaves the output unbounded: right for most regression, and for
        classification with ``nn.CrossEntropyLoss``.

    Shapes
    ------
    Input (..., in_features), output (..., out_features).

    Raises
    ------
    ValueError
        If a width is below 1, or ``dropout`` is not in [0, 1).

    Examples
    --------
    >>> import torch
    >>> MLP(2, (8, 8), 1, activation=nn.Tanh)(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    """

    def __init__(
        self, in_features, hidden, out_features, activation=nn.ReLU, dropout=0.0, output_activation=None
    ):
        widths = [in_features, *hidden, out_features]
        if any(not isinstance(width, int) or width < 1 for width in widths):
            raise ValueError(
                f"in_features, hidden and out_features must be whole numbers of 1 or more, got {widths}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must be in [0, 1), got {dropout}; 0 switches it off")
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(widths[:-2], widths[1:-1]):
            layers.append(nn.Linear(fan_in, fan_out))
            if activation is not None:
                layers.append(activation())
        if dropout and hidden:
            layers.append(nn.Dropout(dropout))
        layers.append(nn.Linear(widths[-2], widths[-1]))
        if output_activation is not None:
            layers.append(output_activation())
        super().__init__(*layers)

    def __getitem__(self, index):
        # Sequential would build a slice by calling this class with layers in place of widths.
        layers = list(self)[index]
        return nn.Sequential(*layers) if isinstance(index, slice) else layers


class Regressor(MLP):
    """The house-price network of chapter 3: 13-50-30-1, ReLU, dropout on the 30, linear output.

    Input (..., 13) scaled features, output (..., 1) scaled price. 2,261 parameters.

    Examples
    --------
    >>> model = Regressor(dropout=0.0)
    >>> sum(parameter.numel() for parameter in model.parameters())
    2261
    """

    def __init__(self, dropout=0.5, output_activation=None):
        super().__init__(13, (50, 30), 1, dropout=dropout, output_activation=output_activation)

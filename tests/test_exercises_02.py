"""What the checks of chapter 2 say to right answers, and to the wrong ones that people give."""

import numpy as np
import pandas as pd
import torch
from torch import nn

from answers import test_a_right_answer_passes, test_a_wrong_answer_is_told_apart  # noqa: F401
from helpers.exercises.ch02 import check_02_largest_rate, check_02_relu_and

BORDER = 2 / 58.4386

RIGHT = [
    (check_02_largest_rate, 0.034226),
    (check_02_largest_rate, torch.tensor(0.0342)),
    (check_02_largest_rate, 0.034),
    (check_02_largest_rate, 0.0345),
    (check_02_largest_rate, np.float64(0.03422)),
    (check_02_largest_rate, np.array([0.0342], dtype=np.float32)),
    (check_02_largest_rate, torch.tensor([[0.0342]], dtype=torch.float64)),
    (check_02_largest_rate, [BORDER]),
    (check_02_largest_rate, BORDER * 0.992),
    (check_02_largest_rate, BORDER * 1.008),
    (check_02_largest_rate, nn.Parameter(torch.tensor(0.0342))),
    (check_02_relu_and, 0.6),
    (check_02_relu_and, 0.55),
    (check_02_relu_and, 0.5),
    (check_02_relu_and, 0.465),
    (check_02_relu_and, 0.663),
    (check_02_relu_and, np.float32(0.6)),
    (check_02_relu_and, torch.tensor([0.6], dtype=torch.float64)),
    (check_02_relu_and, 300 / 500),
    (check_02_relu_and, pd.Series([0.6])),
]

WRONG = [
    (check_02_largest_rate, 0.1492, "border for five points"),
    (check_02_largest_rate, 3.5415, "smaller curvature"),
    (check_02_largest_rate, 0.01711, "half of the border"),
    (check_02_largest_rate, 58.44, "That is the curvature"),
    (check_02_largest_rate, 29.22, "upside down"),
    (check_02_largest_rate, 0.006845, "lacks the factor 2/N"),
    (check_02_largest_rate, 0.01, "Too small"),
    (check_02_largest_rate, BORDER * 0.988, "Too small"),
    (check_02_largest_rate, 0.05, "Too large"),
    (check_02_largest_rate, BORDER * 1.012, "Too large"),
    (check_02_largest_rate, -1, "above 0"),
    (check_02_largest_rate, 0, "above 0"),
    (check_02_largest_rate, torch.tensor([0.56, 58.44]), "must be a number"),
    (check_02_relu_and, 1.0, "One neuron learns AND every time"),
    (check_02_relu_and, 1, "One neuron learns AND every time"),
    (check_02_relu_and, 0.18, "AND is easier than XOR"),
    (check_02_relu_and, 0.0, "AND is easier than XOR"),
    (check_02_relu_and, 0.8, "table of how networks end"),
    (check_02_relu_and, 0.46, "table of how networks end"),
    (check_02_relu_and, 0.67, "table of how networks end"),
    (check_02_relu_and, 60, "between 0 and 1"),
    (check_02_relu_and, -0.6, "between 0 and 1"),
    (check_02_relu_and, "0.6", "must be a number"),
]  # fmt: skip

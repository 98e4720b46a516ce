"""The training loop, compared with independent truth."""

import copy

import numpy as np
import pytest
import torch
from sklearn.metrics import root_mean_squared_error
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers.models import MLP
from helpers.training import evaluate, fit, predict, rmse


def loader(n=50, features=3, batch_size=16, shuffle=False, seed=0):
    generator = torch.Generator().manual_seed(seed)
    X = torch.randn(n, features, generator=generator)
    y = X.sum(1, keepdim=True) + 0.1 * torch.randn(n, 1, generator=generator)
    return DataLoader(TensorDataset(X, y), batch_size, shuffle=shuffle, generator=generator)


def network(dropout=0.0, seed=0):
    torch.manual_seed(seed)
    return MLP(3, (8,), 1, dropout=dropout)


def adam(model, lr=1e-2):
    return torch.optim.Adam(model.parameters(), lr=lr)


def run(model, data, **options):
    options = {"epochs": 3, "loss": nn.MSELoss(), "optimizer": adam(model)} | options
    return fit(model, data, **options)


def test_rmse_is_scikit_learns():
    prediction, target = torch.randn(40, 1), torch.randn(40, 1)
    expected = root_mean_squared_error(target.numpy(), prediction.numpy())
    assert rmse(prediction, target).item() == pytest.approx(expected, rel=1e-5)


def test_rmse_refuses_shapes_that_broadcast():
    with pytest.raises(ValueError, match="unsqueeze"):
        rmse(torch.zeros(5, 1), torch.zeros(5))


def test_one_adam_step_by_hand():
    """Kingma & Ba (2015), algorithm 1, on one weight, with numbers a reader can follow."""
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, 2.0)
    data = DataLoader(TensorDataset(torch.tensor([[1.0], [3.0]]), torch.tensor([[1.0], [2.0]])), 2)
    w, gradient = 2.0, (2 * (2 * 1 - 1) * 1 + 2 * (2 * 3 - 2) * 3) / 2
    m, v = (1 - 0.9) * gradient, (1 - 0.999) * gradient**2
    m_hat, v_hat = m / (1 - 0.9), v / (1 - 0.999)
    expected = w - 0.1 * m_hat / (np.sqrt(v_hat) + 1e-8)
    run(model, data, epochs=1, optimizer=adam(model, lr=0.1))
    assert model.weight.item() == pytest.approx(expected, rel=1e-6)


def test_fit_is_full_batch_gradient_descent_when_there_is_one_batch():
    data = loader(batch_size=50)
    X, y = data.dataset.tensors
    model = nn.Linear(3, 1)
    w, b = (p.detach().numpy().astype(float) for p in copy.deepcopy(model).parameters())
    for _ in range(10):
        error = X.numpy() @ w.T + b - y.numpy()
        w, b = w - 0.1 * 2 * (error * X.numpy()).mean(0), b - 0.1 * 2 * error.mean()
    run(model, data, epochs=10, optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
    np.testing.assert_allclose(model.weight.detach(), w, rtol=1e-4)
    np.testing.assert_allclose(model.bias.detach(), b, rtol=1e-4)


def test_history_is_the_mean_over_rows_not_over_batches():
    data, model = loader(n=50, batch_size=16), network()  # the last batch has 2 rows
    X, y = data.dataset.tensors
    still = torch.optim.SGD(model.parameters(), lr=0.0)
    history = run(model, data, epochs=2, optimizer=still, test=data)
    expected = nn.functional.mse_loss(model(X), y).item()
    assert history.train_loss == pytest.approx([expected] * 2, rel=1e-5)
    assert history.test_loss == pytest.approx([expected] * 2, rel=1e-5)


def test_test_loss_is_of_the_test_rows():
    model, test = network(), loader(n=20, seed=1)
    history = run(model, loader(), test=test)
    assert history.test_loss[-1] == pytest.approx(evaluate(model, test, nn.MSELoss()))


def test_scheduler_steps_once_an_epoch():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.1)
    history = run(model, loader(), epochs=5, optimizer=optimizer, scheduler=scheduler)
    assert history.lr == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01])


def test_training_is_in_train_mode_and_dropout_is_on():
    seen = []
    model = network(dropout=0.5)
    model.register_forward_hook(lambda module, inputs, output: seen.append(module.training))
    run(model.eval(), loader(n=32, batch_size=16), epochs=1)
    assert seen == [True, True, True]  # the step tried beforehand, then the two batches


def test_zero_epochs_change_nothing():
    model = network()
    before = copy.deepcopy(model.state_dict())
    history = run(model, loader(), epochs=0)
    assert history.train_loss == [] and all(torch.equal(before[k], v) for k, v in model.state_dict().items())


def test_same_seed_same_weights():
    weights = []
    for _ in range(2):
        model = network(dropout=0.3, seed=5)
        run(model, loader(shuffle=True))
        weights.append(torch.cat([p.flatten() for p in model.parameters()]))
    assert torch.equal(*weights)


def test_checking_the_arguments_draws_no_random_number():
    """Otherwise a loop written out in a chapter and fit would give different numbers."""
    model, data = network(), loader()
    torch.manual_seed(1)
    run(model, data, epochs=0, test=loader())
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(1))


def test_evaluate_restores_each_mode_and_leaves_gradients_alone():
    model = network(dropout=0.5).train()
    model[0].eval()  # frozen on purpose by its owner
    model(torch.ones(2, 3)).sum().backward()
    modes = [module.training for module in model.modules()]
    gradients = [p.grad.clone() for p in model.parameters()]
    value = evaluate(model, loader(), rmse)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients))
    assert value == evaluate(model, loader(), rmse), "dropout must be off"


def test_evaluate_restores_the_mode_after_an_error():
    model = network().train()
    with pytest.raises(ValueError, match="in_features=4"):
        evaluate(model, loader(features=4), rmse)
    assert model.training


def test_evaluate_gives_the_metric_all_rows_at_once():
    data, model = loader(n=50, batch_size=16), network()
    X, y = data.dataset.tensors
    expected = root_mean_squared_error(y.numpy(), predict(model, X).numpy())
    assert evaluate(model, data, rmse) == pytest.approx(expected, rel=1e-5)


def test_predict_is_in_eval_mode_without_gradient():
    model = network(dropout=0.5).train()
    X = torch.ones(4, 3)
    assert torch.equal(predict(model, X), predict(model, X))
    assert not predict(model, X).requires_grad and model.training


@pytest.mark.parametrize("part", [0, 1])
def test_nan_is_refused_before_any_training(part):
    data, model = loader(), network()
    data.dataset.tensors[part][40] = torch.nan
    before = model[0].weight.clone()
    with pytest.raises(ValueError, match="data has NaN"):
        run(model, data)
    assert torch.equal(before, model[0].weight)
    with pytest.raises(ValueError, match="test has NaN"):
        run(model, loader(), test=data)


def test_targets_of_another_shape_are_refused():
    X, y = loader().dataset.tensors
    with pytest.raises(ValueError, match="unsqueeze"):
        run(network(), DataLoader(TensorDataset(X, y[:, 0]), 16))


def test_class_numbers_are_welcome():
    X, y = loader().dataset.tensors
    model = MLP(3, (8,), 2)
    data = DataLoader(TensorDataset(X, (y[:, 0] > 0).long()), 16)
    history = run(model, data, epochs=30, loss=nn.CrossEntropyLoss())
    assert history.train_loss[-1] < 0.5 * history.train_loss[0]


@pytest.mark.parametrize("epochs", [-1, 2.5, "10"])
def test_bad_epochs_are_refused(epochs):
    with pytest.raises(ValueError, match="epochs"):
        run(network(), loader(), epochs=epochs)


def test_empty_and_wrong_data_are_refused():
    empty = DataLoader(TensorDataset(torch.zeros(0, 3), torch.zeros(0, 1)), 16)
    with pytest.raises(ValueError, match="no rows"):
        run(network(), empty)
    with pytest.raises(TypeError, match="DataLoader"):
        run(network(), (torch.zeros(5, 3), torch.zeros(5, 1)))
    with pytest.raises(TypeError, match="DataLoader"):
        evaluate(network(), torch.zeros(5, 3), rmse)


def test_foreign_optimizer_is_refused():
    with pytest.raises(ValueError, match="none of this model's parameters"):
        run(network(), loader(), optimizer=adam(network()))
    with pytest.raises(TypeError, match="Adam"):
        run(network(), loader(), optimizer=torch.optim.Adam)

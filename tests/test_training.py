"""The training loop, compared with independent truth."""

import copy

import numpy as np
import pytest
import torch
from sklearn.metrics import root_mean_squared_error
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from helpers._trial import check_step
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


def test_a_schedule_by_the_batch():
    """Two batches an epoch: the rate of each epoch's first step, and one cycle that ends where it should."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1)
    data = loader(n=32, batch_size=16)
    history = run(model, data, optimizer=optimizer, scheduler=scheduler, step_scheduler="batch")
    assert history.lr == pytest.approx([1.0, 1e-2, 1e-4])
    rates, model = [], network()
    optimizer = adam(model)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=6)
    optimizer.register_step_pre_hook(lambda *_: rates.append(optimizer.param_groups[0]["lr"]))
    run(model, data, optimizer=optimizer, scheduler=cycle, step_scheduler="batch")
    assert len(rates) == 6 and max(rates) > 0.05 and rates[-1] < 1e-6


def test_a_long_gradient_is_shortened():
    """Without momentum, the step is the gradient: its length, of all parameters together, is the limit."""
    for limit, length in ((1e-3, 1e-3), (1e9, None)):
        model, data = network(), loader(batch_size=50)
        before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        nn.functional.mse_loss(model(data.dataset.tensors[0]), data.dataset.tensors[1]).backward()
        gradient = torch.cat([p.grad.flatten() for p in model.parameters()])
        run(model, data, epochs=1, optimizer=torch.optim.SGD(model.parameters(), lr=1.0), clip_norm=limit)
        moved = before - torch.nn.utils.parameters_to_vector(model.parameters()).detach()
        torch.testing.assert_close(moved, gradient * (length or gradient.norm()) / gradient.norm())


def test_weights_are_handed_to_the_loss():
    """A weight of 0 is a row left out, and one of 2 a row twice, for a loss that divides by their sum."""

    def loss(prediction, target, weights):
        return (weights * (prediction - target).square()[:, 0]).sum() / weights.sum()

    X, y = loader().dataset.tensors
    weights = torch.tensor([0.0, 1.0, 2.0]).repeat(17)[:50]
    rows = torch.arange(50).repeat_interleave(weights.long())
    trained = []
    for data, used in (
        (TensorDataset(X, y, weights), loss),
        (TensorDataset(X[rows], y[rows]), nn.MSELoss()),
    ):
        model = network()
        history = run(model, DataLoader(data, 100), epochs=5, loss=used, test=DataLoader(data, 7))
        trained.append([*history.train_loss, *history.test_loss, *predict(model, X)[:, 0].tolist()])
    np.testing.assert_allclose(*trained, rtol=1e-4, atol=1e-5)


class Told(nn.Module):
    """A model whose loss on other rows goes where it is told, as it counts the epochs it has seen."""

    def __init__(self, *losses):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.register_buffer("epochs", torch.zeros(()))
        self.losses = losses

    def forward(self, x):
        if self.training:
            self.epochs += 1
            return self.weight + 0 * x[:, :1]
        return 0 * x[:, :1] + self.losses[int(self.epochs) - 1]


def told(*losses, **options):
    model, data = Told(*losses), DataLoader(TensorDataset(torch.zeros(4, 1), torch.ones(4, 1)), 4)
    zeros = DataLoader(TensorDataset(torch.zeros(4, 1), torch.zeros(4, 1)), 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    options = {
        "epochs": len(losses),
        "loss": nn.L1Loss(),
        "optimizer": optimizer,
        "validation": zeros,
    } | options
    return model, fit(model, data, **options)


def test_patience_ends_training_and_puts_the_best_back():
    losses = [5.0, 3.0, 4.0, 3.0, 2.0, 2.5, 2.0, 2.0, 1.0]  # a draw is no better
    model, history = told(*losses, patience=3)
    assert history.validation_loss == losses[:8] and history.best_epoch == 5
    assert model.epochs == 5 and model.weight.item() == pytest.approx(0.5)
    assert len(history.train_loss) == len(history.lr) == 8
    model, history = told(*losses, patience=2)
    assert history.best_epoch == 2 and len(history.train_loss) == 4 and model.epochs == 2
    model, history = told(*losses, patience=4)
    assert history.best_epoch == 9 and model.epochs == 9


def test_without_patience_the_last_weights_stay():
    model, history = told(5.0, 1.0, 2.0, 3.0)
    assert history.best_epoch == 2 and model.epochs == 4 and history.validation_loss == [5.0, 1.0, 2.0, 3.0]
    history = told(5.0, 1.0, validation=None)[1]
    assert history.best_epoch == 0 and history.validation_loss == []


def test_what_never_was_a_number_has_no_best():
    nan = float("nan")
    model, history = told(nan, nan, nan, 0.0, patience=2)
    assert history.best_epoch == 0 and len(history.train_loss) == 2
    assert model.epochs == 0 and model.weight == 0, "what it had before training"


def test_on_epoch_looks_in_and_ends_training():
    seen = []
    model = network()
    history = run(
        model, loader(), epochs=9, on_epoch=lambda epoch, m: seen.append((epoch, m is model)) or epoch == 4
    )
    assert seen == [(epoch, True) for epoch in (1, 2, 3, 4)] and len(history.train_loss) == 4
    for answer in (None, 1, "stop", False):
        assert len(run(network(), loader(), epochs=3, on_epoch=lambda epoch, m: answer).train_loss) == 3  # noqa: B023


def test_what_on_epoch_does_in_eval_mode_does_no_harm():
    one, other = network(dropout=0.5), network(dropout=0.5)
    torch.manual_seed(0)
    plain = run(one, loader())
    torch.manual_seed(0)
    assert run(other, loader(), on_epoch=lambda epoch, model: model.eval() and None) == plain


def test_float64_trains_in_float64():
    X, y = (part.double() for part in loader().dataset.tensors)
    model = network().double()
    run(model, DataLoader(TensorDataset(X, y), 16))
    assert model[0].weight.dtype == predict(model, X).dtype == torch.float64


class Remembers(nn.Module):
    """Keeps what it has seen where a beginner would: in numbers and tensors of its own."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls, self.mean = nn.Linear(3, 1), 0, torch.zeros(3)
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("ones", torch.ones(1).expand(3))
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        self.calls, self.last = self.calls + 1, x
        self.mean.mul_(0.9).add_(x.mean(0))
        self.count = self.count + 1
        x -= self.mean
        return self.layer(self.norm(x))


@pytest.mark.parametrize("slip", [False, True])
def test_the_step_tried_beforehand_leaves_no_trace(slip):
    model, data = Remembers().eval(), loader()
    model.norm.train()
    model(torch.ones(2, 3)).sum().backward()
    if slip:
        data = DataLoader(TensorDataset(data.dataset.tensors[0], data.dataset.tensors[1][:, 0]), 16)
    before, last, rows = copy.deepcopy(vars(model)), model.last, data.dataset.tensors[0].clone()
    gradients = [p.grad.clone() for p in model.parameters()]
    state = torch.get_rng_state()
    try:
        run(model, data, epochs=0)
    except ValueError:
        assert slip
    assert torch.equal(state, torch.get_rng_state()) and torch.equal(rows, data.dataset.tensors[0])
    assert model.calls == before["calls"] and model.last is last and torch.equal(model.mean, before["mean"])
    assert not model.training and model.norm.training
    old = Remembers()
    old.__dict__.update(before)
    assert all(torch.equal(a, b) for a, b in zip(model.state_dict().values(), old.state_dict().values()))
    assert all(torch.equal(p.grad, g) for p, g in zip(model.parameters(), gradients))


def test_rows_that_a_sampler_leaves_out_are_not_looked_at():
    X, y = loader().dataset.tensors
    X = torch.cat([X, X / 0])
    sampler = torch.utils.data.SubsetRandomSampler(range(50))
    data = DataLoader(TensorDataset(X, torch.cat([y, y])), 16, sampler=sampler)
    assert len(run(network(), data).train_loss) == 3


def test_batches_that_a_dataset_makes_itself_are_welcome():
    X, y = loader().dataset.tensors
    batches = list(zip(X.split(10), y.split(10)))
    ready = run(network(), DataLoader(batches, batch_size=None))
    assert ready == run(network(), DataLoader(TensorDataset(X, y), 10))
    sampler = torch.utils.data.BatchSampler(range(50), 10, drop_last=False)
    assert ready == run(network(), DataLoader(TensorDataset(X, y), batch_sampler=sampler))


def test_a_step_is_tried_on_rows_of_its_own():
    model, X, y = Remembers(), torch.rand(5, 3), torch.rand(5, 1)
    before = X.clone()
    check_step(model, nn.MSELoss(), X, y)
    assert torch.equal(X, before)
    model(X)
    assert not torch.equal(X, before)

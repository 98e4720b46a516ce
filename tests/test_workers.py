"""Who trains a stack changes nothing: this thread, two threads, processes, or workers of a cluster."""

import logging
import os
import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
import torch
from distributed import Client, LocalCluster
from torch import nn

from helpers.ensembles import fit_many
from helpers.models import MLP
from tools import ROOT

draws = torch.Generator().manual_seed(0)
X = torch.rand(60, 4, generator=draws)
Y = X.square().sum(1, keepdim=True)
M = 6


def train(**options):
    """Six models in stacks of two, with all that has to travel: functions of this very place, too."""
    bend = nn.Tanh
    options = {
        "loss": lambda p, t: nn.functional.mse_loss(p, t),
        "track_test": True,
        "checkpoints": [2],
        "patience": 9,
    } | options
    return fit_many(
        lambda: MLP(4, (8, 6), 1, activation=bend, dropout=0.3), X, Y, (np.arange(30), np.arange(30, 40), np.arange(40, 60)), range(M),
        epochs=5, batch_size=8, optimizer=lambda parameters: torch.optim.Adam(parameters, lr=0.01), progress=False, **options,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def small_stacks_are_worth_a_process(monkeypatch):
    monkeypatch.setattr(
        "helpers.ensembles.STACK_BYTES", 2 * 4 * 101 * 4
    )  # of two models, with 101 numbers each
    monkeypatch.setattr("helpers.ensembles.WORTH_A_PROCESS", 0)


@pytest.fixture
def expected():
    with joblib.parallel_config(n_jobs=1):
        return train()


def assert_equal(found, expected):
    assert torch.equal(found.predictions, expected.predictions)
    for name in ("train_loss", "validation_loss", "test_loss", "best_epoch"):
        assert torch.equal(getattr(found, name), getattr(expected, name)), name
    assert torch.equal(found.at(2).predictions, expected.at(2).predictions)


def pid_noting(loss):
    """Return a loss that writes down the process it is called in, and the folder it writes to."""

    def noting(p, t):
        (loss / str(os.getpid())).touch()
        return nn.functional.mse_loss(p, t)

    return noting


def test_two_threads(expected, monkeypatch):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert_equal(train(), expected)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_processes(expected, tmp_path):
    with joblib.parallel_config(backend="loky", n_jobs=2):
        assert_equal(train(), expected)
        train(loss=pid_noting(tmp_path))
        with pytest.raises(ZeroDivisionError):  # what fails there is told here
            train(
                scheduler=lambda optimizer: torch.optim.lr_scheduler.LambdaLR(
                    optimizer, lambda epoch: 1 / (2 - epoch)
                )
            )
    pids = {int(path.name) for path in tmp_path.iterdir()} - {os.getpid()}  # here it is tried before
    assert pids


def test_workers_of_a_cluster(expected, tmp_path):
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.ERROR
        ) as cluster,
        Client(cluster) as client,
        joblib.parallel_config(backend="dask"),
    ):
        assert_equal(train(), expected)
        train(loss=pid_noting(tmp_path))
        workers = set(client.run(os.getpid).values())
    assert workers & {int(path.name) for path in tmp_path.iterdir()}


def test_what_cannot_be_sent_is_named(expected):
    class Noting:
        lock = threading.Lock()

        def __call__(self, p, t):
            with self.lock:
                return nn.functional.mse_loss(p, t)

    with joblib.parallel_config(backend="loky", n_jobs=2), pytest.raises(TypeError, match="^loss holds"):
        train(loss=Noting())
    with joblib.parallel_config(backend="threading", n_jobs=2):  # as the message advises
        assert_equal(train(loss=Noting()), expected)


def test_numbers_too_small_to_matter_are_zero_in_training_alone():
    """They make Adam slow, and nothing else: the caller's own arithmetic is left as it was."""

    def product():
        return torch.tensor(1e-30).mul(1e-9).item()

    seen = []

    def loss(p, t):
        seen.append(product())
        return nn.functional.mse_loss(p, t)

    before = product()
    train(loss=loss)
    assert before > 0 and product() == before
    assert seen[-1] == 0 or not torch.set_flush_denormal(False)  # some processors cannot


def test_what_is_not_worth_a_process_stays_here(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.ensembles.WORTH_A_PROCESS", 1e12)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        train(loss=pid_noting(tmp_path))
    monkeypatch.setattr("helpers.ensembles.WORTH_A_PROCESS", 0)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        train(loss=pid_noting(tmp_path), on_epoch=lambda epoch, ensemble: epoch == 2)
    assert [int(path.name) for path in tmp_path.iterdir()] == [os.getpid()]


INTERRUPTED = """
import os, signal, time, torch
from functools import partial
from torch import nn
from helpers.ensembles import fit_many
from helpers.models import MLP

X = torch.rand(100, 4)
calls = []

class Loss(nn.Module):
    def forward(self, p, t):
        calls.append(1)
        if len(calls) == 300:
            os.kill(os.getpid(), signal.SIGINT)
        return nn.functional.l1_loss(p, t)
    __deepcopy__ = lambda self, memo: self

torch.set_num_threads(2)
try:
    fit_many(partial(MLP, 4, (8,), 1), X, X[:, :1], (range(50), range(50, 100)), range(64), epochs=10**6,
             loss=Loss(), optimizer=torch.optim.Adam, progress=False)
except KeyboardInterrupt:
    assert torch.get_num_threads() == 2
    time.sleep(1)
    seen = len(calls)
    time.sleep(1)
    print("interrupted", seen >= 300, len(calls) == seen)
"""


def test_an_interrupt_ends_the_threads():
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120
    )
    assert run.stdout.split() == ["interrupted", "True", "True"], run.stdout + run.stderr

"""Environments of gymnasium: returns, what is learnt of observations, resume, and what does not go."""

import json
import os
import signal

import numpy as np
import pytest
from runner_folders import runs

pytest.importorskip("gymnasium")

from syntonic._core import Tensor
from syntonic.benchmarks import Gym
from syntonic.nn.architectures import Task
from syntonic.nn.architectures.mlp import MLP
from syntonic.runners.cli import main
from syntonic.runners.run import life

SMALL = ["benchmark=gym", "benchmark.env=CartPole-v1", "trainer=es", "model.hidden=[4]", "trainer.population_size=6"]
SMALL += ["trainer.sigma=0.5", "trainer.learning_rate=0.2", "tracking=none"]


def policy(env, seed=0):
    model = MLP(Task(env.input_shape, env.output_shape), hidden=(4,))
    model.initialize(seed)
    return model


def weights(model, change=0.0):
    return [Tensor([v + change for v in p.values()], p.shape, "float64") for p in model.parameters()]


def test_members_that_are_alike_have_the_same_return_and_generations_differ():
    env = Gym(1, env="CartPole-v1", episodes=3)
    model = policy(env)
    found = [env.judge(generation, [weights(model)] * 3, model) for generation in (0, 1)]
    assert len(set(found[0])) == 1
    assert found[0] != found[1]
    assert Gym(1, env="CartPole-v1", episodes=3).judge(0, [weights(model)] * 2, model) == found[0][:2]


def test_the_last_member_is_left_in_the_model():
    env = Gym(0, env="CartPole-v1", episodes=1)
    model = policy(env)
    before = [list(p.values()) for p in model.parameters()]
    env.judge(0, [weights(model, 0.5), weights(model)], model)
    for was, now in zip(before, model.parameters(), strict=True):
        np.testing.assert_allclose(was, now.values(), rtol=1e-12)


def test_observations_are_standardised_by_all_that_was_seen(monkeypatch):
    env = Gym(2, env="CartPole-v1", episodes=2)
    model, seen = policy(env), []
    learn = Gym._learn
    monkeypatch.setattr(Gym, "_learn", lambda self, shown: seen.extend(x.tolist() for x in shown) or learn(self, shown))
    for generation in range(3):
        env.judge(generation, [weights(model, 0.3), weights(model, -0.3), weights(model)], model)
    rows = np.concatenate([np.array(x) for x in seen])
    found = env.preparation()
    np.testing.assert_allclose(found["mean"], rows.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found["scale"], rows.std(0), rtol=1e-6)
    other = Gym(2, env="CartPole-v1", episodes=2)
    other.restore(json.loads(json.dumps(env.state())))
    assert other.judge(3, [weights(model)], model) == env.judge(3, [weights(model)], model)


def test_a_continuous_action_stays_within_its_bounds(monkeypatch):
    env = Gym(0, env="Pendulum-v1", episodes=2, steps=5)
    assert (env.input_shape, env.output_shape) == ((3,), (1,))
    taken = []
    step = env._envs.step
    monkeypatch.setattr(env._envs, "step", lambda actions: taken.append(actions.copy()) or step(actions))
    model = policy(env)
    (value,) = env.judge(0, [weights(model, 3.0)], model)
    assert len(taken) == 5
    assert all((abs(actions) <= 2).all() and actions.shape == (2, 1) for actions in taken)
    assert -17 * 5 <= value <= 0


def test_scaled_returns_rank_members_alike():
    plain, scaled = (Gym(0, env="CartPole-v1", episodes=1, normalize_reward=scales) for scales in (False, True))
    model = policy(plain)
    members = [weights(model, change) for change in (-0.5, -0.2, 0.2, 0.5)]
    one, other = plain.judge(0, members, model), scaled.judge(0, members, model)
    assert np.argsort(one, kind="stable").tolist() == np.argsort(other, kind="stable").tolist()
    assert np.std(other) == pytest.approx(1)


def results(folder):
    return [json.loads((run / "run.json").read_text()) for run in runs(folder)]


def test_a_run_learns_to_balance_and_is_resumed_bit_for_bit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    long = [*SMALL, "trainer.max_generations=14", "benchmark.steps=80"]
    assert main(long) == 0
    assert "mean_return" in capsys.readouterr().out
    real = life.judged

    def interrupted(config, parts, records):
        for record in real(config, parts, records):
            if record.generation == 6:
                os.kill(os.getpid(), signal.SIGINT)
            yield record

    monkeypatch.setattr(life, "judged", interrupted)
    assert main(long) == 130
    monkeypatch.setattr(life, "judged", real)
    assert main(["resume=last"]) == 0
    one, other = results(tmp_path)
    assert one["results"] == other["results"]
    assert main([*SMALL, "trainer.max_generations=1", "benchmark.steps=80"]) == 0
    first = results(tmp_path)[-1]["results"]["mean_return"]
    assert one["results"]["mean_return"] > first + 5


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["benchmark.env=null"], "needs an environment: benchmark.env=CartPole-v1"),
        (["benchmark.env=CartPoll-v1"], "env=CartPoll-v1: "),
        (["benchmark.env=FrozenLake-v1"], "an observation must be a vector"),
        (["benchmark.env=Blackjack-v1"], "an observation must be a vector"),
        (["trainer=activity"], "take trainer.estimator=weights"),
    ],
)
def test_what_does_not_go_is_one_line(words, fault, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*SMALL, *words]) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert len(said.splitlines()) == 1

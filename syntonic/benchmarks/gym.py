"""Environments of gymnasium: the parameters of a policy are evolved by the return of its episodes."""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final

from annotated_types import Ge, Le

from syntonic._core import Tensor
from syntonic.core.registry import register
from syntonic.sn import Module

JUDGED: Final = 100
"""Episodes by which the centre is judged at the end."""
LEAST: Final = 1e-8
"""Variance below which an observation is taken for constant."""


@register("benchmark", "gym")
class Gym:
    """Observations to actions: the number of the largest output, or as many numbers as outputs, by tanh within bounds.

    A member's fitness is the mean return of its episodes, which run side by side. All members of a generation start in
    the same states, which are a function of seed and generation. Observations are standardised by mean and variance of
    all that the members saw in the generations before; they are part of a checkpoint. At the end the centre plays 100
    episodes that no generation has had.

    Args:
        seed: draws the first states.
        env: an id of gymnasium, such as CartPole-v1, with a vector of observations.
        episodes: of each member in a generation.
        steps: of an episode, at most; None: as the environment has it.
        normalize_observations: whether observations are standardised.
        normalize_reward: whether a return is divided by the standard deviation of the returns so far; ranks, and so
            the training, stay the same, and the loss of another environment can be compared.

    Raises:
        ValueError: gymnasium is not installed, or has no such environment, or its observations are no vector.
    """

    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {}
    ceiling: Mapping[str, float] = {}
    compared_by: str = "mean_return"
    """The result by which a sweep compares its points if nothing is said."""

    def __init__(
        self,
        seed: int,
        *,
        env: str | None = None,
        episodes: Annotated[int, Ge(1), Le(1000)] = 2,
        steps: Annotated[int, Ge(1)] | None = None,
        normalize_observations: bool = True,
        normalize_reward: bool = False,
    ) -> None:
        if env is None:
            raise ValueError("needs an environment: benchmark.env=CartPole-v1")
        self._seed, self._id, self._steps = seed, env, steps
        self._standardizes, self._scales = normalize_observations, normalize_reward
        self._envs = self._made(episodes)
        self._episodes = episodes
        space = self._envs.single_observation_space
        if len(getattr(space, "shape", None) or ()) != 1:
            raise ValueError(f"{env} shows {space}; an observation must be a vector of numbers")
        actions = self._envs.single_action_space
        self._is_choice = hasattr(actions, "n")
        if not self._is_choice and len(getattr(actions, "shape", None) or ()) != 1:
            raise ValueError(f"{env} takes {actions}; an action must be one of several, or a vector of numbers")
        self.input_shape: tuple[int, ...] = (int(space.shape[0]),)
        self.output_shape: tuple[int, ...] = (int(actions.n) if self._is_choice else int(actions.shape[0]),)
        self._first = int(getattr(actions, "start", 0))
        if not self._is_choice:
            low, high = [float(x) for x in actions.low], [float(x) for x in actions.high]
            if not all(map(math.isfinite, [*low, *high])):
                raise ValueError(f"{env} takes {actions}; its actions must have bounds")
            self._middle = Tensor([(a + b) / 2 for a, b in zip(low, high, strict=True)])
            self._reach = Tensor([(b - a) / 2 for a, b in zip(low, high, strict=True)])
        width = self.input_shape[0]
        self._count, self._mean, self._squares = 0.0, [0.0] * width, [0.0] * width
        self._returns = [0.0, 0.0, 0.0]  # how many, their mean, the sum of squared deviations

    def judge(
        self,
        generation: int,
        members: Sequence[Sequence[Tensor]],
        model: Module,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[float] | None:
        """Returns the mean return of each member; None if a wish to stop came first."""
        seeds = [self._seeded(f"{generation} {episode}") for episode in range(self._episodes)]
        parameters, found = list(model.parameters()), list[float]()
        seen: list[Tensor] = []
        try:
            for member in members:
                if should_stop is not None and should_stop():
                    return None
                _place(parameters, member)
                found += [sum(self._play(self._envs, model, seeds, seen)) / self._episodes]
        finally:
            _place(parameters, members[-1])
        if self._standardizes:
            self._learn(seen)
        for value in found:
            self._returns[0] += 1
            step = value - self._returns[1]
            self._returns[1] += step / self._returns[0]
            self._returns[2] += step * (value - self._returns[1])
        spread = math.sqrt(self._returns[2] / self._returns[0]) if self._scales else 1.0
        return [value / (spread or 1.0) for value in found]

    def evaluate(self, model: Module) -> dict[str, float]:
        """Returns mean, standard deviation and least of the returns of 100 episodes of the centre."""
        envs = self._made(JUDGED)
        try:
            found = self._play(envs, model, [self._seeded(f"at the end {episode}") for episode in range(JUDGED)], None)
        finally:
            envs.close()
        mean = sum(found) / JUDGED
        deviation = math.sqrt(sum((value - mean) ** 2 for value in found) / JUDGED)
        return {"mean_return": mean, "deviation_of_returns": deviation, "least_return": min(found)}

    def preparation(self) -> dict[str, Any]:
        """Returns what a trained policy needs of its benchmark: how observations are standardised."""
        mean, scale = self._scale() if self._count else ([0.0] * self.input_shape[0], [1.0] * self.input_shape[0])
        return {"kind": "gym", "env": self._id, "mean": mean, "scale": scale}

    def state(self) -> dict[str, Any]:
        """Returns what was learnt of observations and returns: a part of a checkpoint."""
        return {"count": self._count, "mean": self._mean, "squares": self._squares, "returns": self._returns}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes back what `state` returned."""
        self._count = float(state["count"])
        self._mean, self._squares = list(map(float, state["mean"])), list(map(float, state["squares"]))
        self._returns = list(map(float, state["returns"]))

    def _seeded(self, what: str) -> int:
        return zlib.crc32(f"gym {self._seed} {what}".encode())

    def _made(self, episodes: int) -> Any:  # noqa: ANN401 (gymnasium is an extra)
        try:
            import gymnasium
        except ImportError:
            raise ValueError("needs gymnasium; `pip install 'syntonic[gym]'` brings it") from None
        limit: dict[str, Any] = {} if self._steps is None else {"max_episode_steps": self._steps}
        try:
            return gymnasium.make_vec(self._id, num_envs=episodes, vectorization_mode="sync", **limit)
        except Exception as error:  # of an environment that is not there, or that needs what is not installed
            raise ValueError(f"env={self._id}: {' '.join(str(error).split())}") from error

    def _play(self, envs: Any, model: Module, seeds: list[int], seen: list[Tensor] | None) -> list[float]:  # noqa: ANN401
        observations, _ = envs.reset(seed=seeds)
        going, returns = [True] * len(seeds), [0.0] * len(seeds)
        shift, scale = self._tensors()
        actions = envs.action_space.sample()
        while any(going):
            x = Tensor(observations)
            if seen is not None and self._standardizes:
                seen.append(x if all(going) else x.take([place for place, goes in enumerate(going) if goes]))
            actions[:] = self._chosen(model((x - shift) * scale))
            observations, rewards, ended, cut, _ = envs.step(actions)
            for place, goes in enumerate(going):
                if goes:
                    returns[place] += float(rewards[place])
                    going[place] = not (ended[place] or cut[place])
        return returns

    def _chosen(self, outputs: Tensor) -> list[Any]:
        if self._is_choice:
            rows: list[list[float]] = outputs.tolist()
            return [self._first + max(range(len(row)), key=row.__getitem__) for row in rows]
        found: list[Any] = (outputs.tanh() * self._reach + self._middle).tolist()
        return found

    def _learn(self, seen: list[Tensor]) -> None:
        # Chan's rule for the union of two sets, one row of sums for all that a generation has shown.
        x = seen[0].concat(seen[1:], dim=0).astype("float64") if len(seen) > 1 else seen[0].astype("float64")
        rows = x.shape[0]
        means: list[float] = x.mean(0).tolist()
        squares: list[float] = (x - Tensor(means, dtype="float64")).square().sum(0).tolist()
        whole = self._count + rows
        for place, (mean, square) in enumerate(zip(means, squares, strict=True)):
            step = mean - self._mean[place]
            self._squares[place] += square + step * step * self._count * rows / whole
            self._mean[place] += step * rows / whole
        self._count = whole

    def _scale(self) -> tuple[list[float], list[float]]:
        variances = [square / self._count for square in self._squares]
        return list(self._mean), [math.sqrt(v) if v > LEAST else 1.0 for v in variances]

    def _tensors(self) -> tuple[Tensor, Tensor]:
        width = self.input_shape[0]
        if not self._standardizes or not self._count:
            return Tensor.zeros((width,)), Tensor.ones((width,))
        mean, scale = self._scale()
        return Tensor(mean), Tensor([1 / value for value in scale])


def _place(parameters: list[Any], member: Sequence[Tensor]) -> None:
    for parameter, values in zip(parameters, member, strict=True):
        parameter.data.set_flux(values)

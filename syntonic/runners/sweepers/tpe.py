"""Bayesian search by the tree-structured Parzen estimator (Bergstra et al., NeurIPS 24, 2011), computed by Optuna.

There is no study to keep. A proposal depends on the space, the seed and the values of earlier batches; when a sweep
is resumed, the same questions are asked again, finished points answer from the record, and the next proposal is that
which an uninterrupted sweep would have made. That is why a batch waits for all of its points.
"""

from typing import TYPE_CHECKING, Annotated, Any, Final

from annotated_types import Ge

from syntonic.core.registry import register
from syntonic.runners.sweep.points import PointResult
from syntonic.runners.sweep.space import Dimension, Proposal, Space
from syntonic.runners.sweepers.base import Batches

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution


@register("sweeper", "tpe")
class Tpe:
    """Proposes points near those that were good.

    Args:
        space: to search.
        parallel: how many points run side by side.
        n_trials: points in all.
        startup: points that are drawn at random before the estimator is asked.
        batch: points proposed together; null: as many as run side by side.
        seed: of the draws.
    """

    adaptive: Final = True

    def __init__(
        self,
        space: Space,
        parallel: int,
        *,
        n_trials: Annotated[int, Ge(1)] = 20,
        startup: Annotated[int, Ge(1)] = 10,
        batch: Annotated[int, Ge(1)] | None = None,
        seed: Annotated[int, Ge(0)] = 0,
    ) -> None:
        self._space, self._seed, self._startup = space, seed, startup
        self.together: Final = batch or parallel
        self.total: Final = n_trials

    def batches(self) -> Batches:
        """Yields batch after batch."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.TPESampler(
            seed=self._seed, n_startup_trials=self._startup, constant_liar=self.together > 1
        )
        study = optuna.create_study(sampler=sampler, direction="minimize")
        wanted = {d.key: _distribution(d) for d in self._space}
        for start in range(0, self.total, self.together):
            trials = [study.ask(wanted) for _ in range(min(self.together, self.total - start))]
            told = yield [self._proposal(trial) for trial in trials]
            for trial, answer in zip(trials, told, strict=True):
                _tell(study, trial, answer)

    def _proposal(self, trial: "Trial") -> Proposal:
        settings = {d.key: d.setting(trial.params[d.key]) for d in self._space}
        return Proposal(
            tuple(override for override, _ in settings.values()), {key: value for key, (_, value) in settings.items()}
        )


def _distribution(dimension: Dimension) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if dimension.ordered:
        return IntDistribution(0, len(dimension.choices) - 1)
    if not dimension.is_interval:
        return CategoricalDistribution(list(range(len(dimension.choices))))
    low, high, log = dimension.low, dimension.high, dimension.log
    if dimension.integer:
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(low, high, log=log)


def _tell(study: "Study", trial: "Trial", answer: PointResult) -> None:
    from optuna.trial import TrialState

    state: Any = TrialState.COMPLETE
    if answer.pruned is not None:
        generation, value = answer.pruned
        trial.report(value, generation)
        state = TrialState.PRUNED
    elif answer.value is None:
        state = TrialState.FAIL
    study.tell(trial, answer.value if state is TrialState.COMPLETE else None, state=state)

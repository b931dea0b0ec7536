"""A fitness of one's own: a function of Python that says how good parameters are."""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Ge, Gt, Le

from syntonic._core import Tensor
from syntonic.benchmarks.own_fitness.call import Score, Shapes, arguments, checked, named, score, told
from syntonic.core import own_code
from syntonic.core.registry import register
from syntonic.sn import Module

if TYPE_CHECKING:
    from syntonic.benchmarks.own_fitness.pool import Pool

Size = Annotated[int, Ge(1), Le(1_000_000)]


@register("benchmark", "python")
class PythonFitness:
    """What a function of one's own says of the parameters of a model, which are evolved; there is no data.

    `function(parameters)` gets them by name, each a Tensor, and returns a float; higher is better. If it has an
    argument `seed`, that is a number of the run's seed and the generation, the same for all members of a generation. A
    member of which it raises or returns NaN is a bad one: it ranks last and is counted.

    Args:
        seed: of the run.
        function: `mine:fitness`, the function of that name in mine.py.
        inputs: of the model, whose parameters are evolved.
        outputs: of the model.
        population: whether the function gets a list of the parameters of all members and returns as many floats.
        workers: processes that call it, a member at a time; 0: it is called here.
        timeout: seconds that a call may take, which needs workers; None: as long as it takes.

    Raises:
        ValueError: there is no such function, or arguments that do not go together.
    """

    vocabulary: int | None = None
    dtype: str = "float32"
    chance: Mapping[str, float] = {}
    ceiling: Mapping[str, float] = {}
    compared_by: str = "fitness"
    """The result by which a sweep compares its points if nothing is said."""

    def __init__(
        self,
        seed: int,
        *,
        function: str | None = None,
        inputs: Size = 1,
        outputs: Size = 1,
        population: bool = False,
        workers: Annotated[int, Ge(0), Le(1024)] = 0,
        timeout: Annotated[float, Gt(0)] | None = None,
    ) -> None:
        if function is None:
            raise ValueError("needs a function: benchmark.function=mine:fitness, of mine.py in this folder")
        self._call = own_code.find(function)
        if timeout is not None and not workers:
            raise ValueError("timeout needs workers, which can be ended: benchmark.workers=1 or more")
        if population and workers:
            raise ValueError("population=true calls the function once for all members, here: leave out workers")
        self._seed, self._function, self._population = seed, function, population
        self._workers, self._timeout = workers, timeout
        self._pool: Pool | None = None
        self.input_shape: tuple[int, ...] = (inputs,)
        self.output_shape: tuple[int, ...] = (outputs,)
        self._first_fault, self._faults = "", 0

    def judge(
        self,
        generation: int,
        members: Sequence[Sequence[Tensor]],
        model: Module,
        should_stop: Callable[[], bool] | None = None,
    ) -> list[float] | None:
        """Returns the fitness of each member, NaN of bad ones; None if a wish to stop came first.

        Args:
            generation: from 0; with the run's seed it makes the seed of the function.
            members: parameters in the order of the model's.
            model: whose parameters they are.
            should_stop: asked between calls.

        Raises:
            ValueError: every member is bad, in the first generation: the function is, then.
        """
        seed = zlib.crc32(f"python {self._seed} {generation}".encode())
        found = self._scores(members, _shapes(model), seed, should_stop)
        if found is None:
            return None
        bad = [each.fault for each in found if each.fault]
        self._faults += len(bad)
        self._first_fault = self._first_fault or (bad[0] if bad else "")
        if len(bad) == len(found) and generation == 0:
            raise ValueError(f"{self._function} has a score for no member: {bad[0]}")
        return [each.value for each in found]

    def close(self) -> None:
        """Ends the worker processes."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def evaluate(self, model: Module) -> dict[str, float]:
        """Returns the fitness of the centre, with a seed that no generation has, and how many members were bad."""
        centre = [parameter.data.to_tensor("float64") for parameter in model.parameters()]
        found = self._scores([centre], _shapes(model), zlib.crc32(f"python {self._seed} at the end".encode()), None)
        self.close()
        return {"fitness": found[0].value if found else math.nan}

    def problems(self) -> list[str]:
        """Returns what there is to say of bad members."""
        if not self._faults:
            return []
        return [
            f"{self._faults:,} times {self._function} had no score for a member; the first time: {self._first_fault}"
        ]

    def _scores(
        self,
        members: Sequence[Sequence[Tensor]],
        shapes: Shapes,
        seed: int,
        should_stop: Callable[[], bool] | None,
    ) -> list[Score] | None:
        if self._population:
            return self._of_all([named(member, shapes) for member in members], seed)
        if self._workers:
            from syntonic.benchmarks.own_fitness.pool import Pool  # sockets, which other commands do without

            self._pool = self._pool or Pool(self._function, shapes, self._workers, self._timeout)
            return self._pool.scores(members, seed, should_stop)
        found = []
        for member in members:
            if should_stop is not None and should_stop():
                return None
            found.append(score(self._call, named(member, shapes), seed))
        return found

    def _of_all(self, members: list[Any], seed: int) -> list[Score]:
        try:
            answers = list(self._call(members, **arguments(self._call, seed)))
        except Exception as error:  # whatever the user's code raises
            return [Score(math.nan, told(error))] * len(members)
        if len(answers) != len(members):
            fault = f"it returned {len(answers)} scores for {len(members)} members"
            return [Score(math.nan, fault)] * len(members)
        return [checked(answer) for answer in answers]


def _shapes(model: Module) -> Shapes:
    return {name: parameter.shape for name, parameter in model.named_parameters()}

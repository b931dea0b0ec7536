"""Ways out of a dead end, on a real run and across an interruption."""

import pytest
from waves import Waves, bits, model, trainer

from syntonic.nn.training import (
    ArchonicEarlyStop,
    CombinedEscape,
    FitnessPlateau,
    NoiseInjection,
    Request,
    SigmaShock,
    SyntonyCallback,
    SyntonyCheckpoint,
    WeightPerturbation,
)


class Listener:
    """Writes down what is done to it."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, ...]] = []

    def shock(self, multiplier: float, duration: int) -> None:
        self.calls.append((multiplier, duration))

    def displace(self, magnitude: float, *, golden_scaling: bool = False, unit: bool = False) -> None:
        self.calls.append((magnitude, golden_scaling, unit))


def going(generations: int):
    """A run that stands after some generations."""
    trained, engine = model(), trainer(max_generations=20)
    for record in engine.run(trained, Waves()):
        if record.generation == generations:
            break
    return trained, engine


@pytest.mark.parametrize("mechanism", [NoiseInjection(0.5), WeightPerturbation(3.0), SigmaShock(4.0, 5)])
def test_a_mechanism_changes_the_run_and_resuming_keeps_it(mechanism):
    plain, straight = going(4)
    trained, engine = going(4)
    mechanism.apply(engine, 0.5)
    assert (bits(trained) != bits(plain)) is not isinstance(mechanism, SigmaShock)
    arrays, meta = engine.state_dict()
    again, other = model(), trainer(max_generations=20)
    other.load_state_dict(again, arrays, meta)
    sigmas = [
        [record.sigma for record in e.run(m, Waves())]
        for e, m in ((straight, plain), (engine, trained), (other, again))
    ]
    assert sigmas[1] == sigmas[2]
    assert (sigmas[0] != sigmas[1]) is isinstance(mechanism, SigmaShock)
    assert bits(again) == bits(trained) != bits(plain)


def test_nothing_to_escape_from_before_the_first_generation():
    with pytest.raises(RuntimeError, match="shock acts on a run that has begun"):
        trainer().shock(2.0, 3)
    with pytest.raises(ValueError, match="a multiplier > 0"):
        going(1)[1].shock(-1.0, 3)


def test_severity_chooses_among_combined_ways_and_scales_the_noise():
    ways = CombinedEscape([NoiseInjection(0.1), SigmaShock(3.0, 7), WeightPerturbation(0.2)])
    mild, grave = Listener(), Listener()
    ways.apply(mild, 0.0)
    ways.apply(grave, 0.9)
    assert mild.calls == [(0.1, True, False)]
    assert grave.calls == [(pytest.approx(0.19), True, False), (3.0, 7), (0.2, False, True)]
    with pytest.raises(ValueError, match="3 mechanisms need as many thresholds, not 1"):
        CombinedEscape(ways.mechanisms, [0.5])


def swinging(generation: int) -> dict[str, float]:
    return {"syntony": 0.3 + 0.01 * (-1) ** generation, "mean_fitness": min(generation, 30) * 0.1}


def rising(generation: int) -> dict[str, float]:
    return {"syntony": 0.3 + 0.001 * generation, "mean_fitness": 1.0}


def answers(callback, values, last: int = 120, first: int = 1) -> dict[int, Request]:
    given = {g: callback.after(g, values(g)) for g in range(first, last)}
    return {g: answer for g, answer in given.items() if answer is not Request.NOTHING}


def test_an_archonic_run_is_stopped_once_fitness_stands_still():
    assert min(answers(ArchonicEarlyStop(patience=25), swinging)) == 30 + 25
    assert answers(ArchonicEarlyStop(patience=25), rising) == {}
    assert answers(ArchonicEarlyStop(patience=25, target=0.25), swinging) == {}


def test_an_archonic_run_may_escape_again_and_again():
    callback, listener = ArchonicEarlyStop(patience=25, action="shock", scale=5.0), Listener()
    asked = answers(callback, swinging)
    assert asked == dict.fromkeys((55, 80, 105), Request.ESCAPE)
    callback.escape(listener)
    assert listener.calls == [(5.0, 10)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ArchonicEarlyStop(patience=25, action="noise"),
        lambda: FitnessPlateau(patience=12),
        lambda: SyntonyCheckpoint(save_interval=7),
        SyntonyCallback,
    ],
)
@pytest.mark.parametrize("values", [swinging, rising])
def test_a_restored_callback_answers_as_the_old_one(make, values):
    whole, first, second = make(), make(), make()
    answers(first, values, last=50)
    second.restore(first.state())
    expected = {g: answer for g, answer in answers(whole, values).items() if g >= 50}
    assert answers(second, values, first=50) == expected


def test_a_plateau_widens_the_population_every_so_often():
    callback, listener = FitnessPlateau(patience=12, mutation_boost=2.5, duration=4), Listener()
    assert answers(callback, swinging, last=60) == {42: Request.ESCAPE, 54: Request.ESCAPE}
    callback.escape(listener)
    assert listener.calls == [(2.5, 4)]


def test_the_most_syntonic_centre_is_kept():
    assert list(answers(SyntonyCheckpoint(save_interval=10), rising, last=35)) == [1, 11, 21, 31]
    assert answers(SyntonyCheckpoint(min_syntony=0.5), rising, last=100) == {}


def test_the_history_has_a_trend():
    callback = SyntonyCallback()
    answers(callback, rising, last=10)
    assert callback.syntony_trend == 0.0
    callback.after(10, rising(10))
    assert callback.syntony_trend == pytest.approx(0.005)
    assert callback.best_syntony == 0.31

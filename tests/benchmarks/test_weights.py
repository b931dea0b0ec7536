from syntonic.benchmarks import Weights
from syntonic.nn.architectures import MLP, Task
from syntonic.nn.training import RetrocausalTrainer


def test_the_loss_is_nothing_and_the_syntony_of_the_weights_rises():
    for seed in range(5):
        benchmark = Weights(seed, size=32)
        model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=(8,))
        model.initialize(seed)
        records = list(RetrocausalTrainer(seed, population_size=32, max_generations=40).run(model, benchmark))
        assert {record.loss for record in records} == {0.0}
        assert records[-1].syntony > records[0].syntony + 0.1
        assert benchmark.evaluate(model) == {"train_loss": 0.0, "test_loss": 0.0}


def test_without_a_weight_of_syntony_nothing_pulls():
    benchmark = Weights(0)
    model = MLP(Task(benchmark.input_shape, benchmark.output_shape), hidden=(8,))
    model.initialize(0)
    trainer = RetrocausalTrainer(
        0, population_size=32, max_generations=40, lambda_syntony=0.0, harmonize_strength=0.0, pull_strength=0.0
    )
    records = list(trainer.run(model, benchmark))
    assert abs(records[-1].syntony - records[0].syntony) < 0.1

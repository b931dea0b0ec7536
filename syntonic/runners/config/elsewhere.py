"""What other programs call the keys of a config: who types such a name is told the one that it has here."""

from typing import Final

_NAMES: Final = {
    "trainer.learning_rate": "lr step_size learningrate",
    "trainer.max_generations": "epochs steps iterations generations max_epochs max_steps num_epochs n_epochs n_steps "
    "num_steps n_iterations num_iterations n_generations num_generations iters gens epoch max_iter",
    "trainer.population_size": "population popsize pop_size pop members n_members num_members population_count",
    "trainer.sigma": "std stddev noise_std noise_scale sigma_init",
    "trainer.learning_rate_final": "lr_final final_lr min_lr",
    "trainer.optimizer": "optim",
    "trainer.beta1": "momentum",
    "trainer.weight_decay": "decay wd l2",
    "trainer.threads": "num_threads n_threads cpus cores num_workers",
    "benchmark.batch_size": "batch bs batchsize minibatch minibatch_size",
    "benchmark": "dataset data task problem env environment",
    "model": "network net arch architecture module",
    "model.hidden": "hidden_size hidden_sizes hidden_layers layers_sizes hidden_dim hidden_dims",
    "tracking": "logger logging wandb mlflow tensorboard tracker",
    "tracking.uri": "tracking_uri mlflow_uri",
    "tracking.experiment": "experiment_name project",
    "name": "run_name title run_id",
    "seed": "random_seed rng_seed random_state",
    "device": "gpu gpus cuda accelerator devices",
    "resume": "resume_from checkpoint ckpt restore load",
    "sweep.seeds": "seeds num_seeds n_seeds",
    "sweep.parallel": "jobs n_jobs parallel workers",
}
_HERE: Final = {name: key for key, names in _NAMES.items() for name in names.split()}
_SECTIONS: Final = ("trainer.", "training.", "train.", "optimizer.", "optim.", "model.", "benchmark.", "data.")


def known_here(name: str) -> str | None:
    """Returns the key that other programs call `name`, with or without the section in which they have it.

    >>> known_here("trainer.lr"), known_here("epochs"), known_here("nothing")
    ('trainer.learning_rate', 'trainer.max_generations', None)
    """
    plain = name.lower().replace("-", "_")
    for section in _SECTIONS:
        plain = plain.removeprefix(section)
    return _HERE.get(plain)

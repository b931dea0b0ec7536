"""What is exported of a trained model: its parameters as floats, and what is said of it beside them."""

import json
from collections.abc import Mapping
from typing import Any

from syntonic.runners.run.kept_model import ModelFacts
from syntonic.sn import Module
from syntonic.tracking.arrays import Array


def parameters(module: Module, dtype: str) -> dict[str, Array]:
    """Returns every parameter by its name, as floats: what the lattice stands for.

    Args:
        module: the model.
        dtype: float32 or float64.
    """
    return {
        name: {
            "dtype": dtype,
            "shape": list(parameter.shape),
            "data": bytes(memoryview(parameter.data.to_tensor(dtype)).cast("B")),
        }
        for name, parameter in module.named_parameters()
    }


def described(facts: ModelFacts) -> dict[str, str]:
    """Returns texts that tell another program what the model is and how its inputs are made, as JSON but for names."""
    told: Mapping[str, Any] = {
        "model": facts.model,
        "input_shape": facts.input_shape,
        "output_shape": facts.output_shape,
        "vocabulary": facts.vocabulary,
        "preparation": facts.preparation,
    }
    return {"producer": "syntonic", **{f"syntonic.{key}": json.dumps(value) for key, value in told.items()}}

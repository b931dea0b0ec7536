"""What MLflow needs of a kept model: its `MLmodel` with a signature, and code that takes whatever MLflow is given.

MLflow holds a request to the signature before the model sees it. Rows of numbers are columns there, which it takes as
lists, arrays and tables alike; of arrays it insists on one number format and takes no lists, so that the inputs of a
model that reads images are left open.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Final

CODE: Final = '''\
"""Lets MLflow serve a model that syntonic-run trained: `mlflow models serve -m <this folder> --env-manager local`."""

from pathlib import Path

import mlflow

from syntonic.runners.run.kept_model import facts_of, load
from syntonic.runners.run.serving import rows


class Served(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        # With the code that the model was made of: MLflow executes what a model brings, as it does this file.
        folder = Path(context.artifacts["parameters"]).parent
        self._model, self._shape = load(folder, own=True), facts_of(folder).input_shape

    def predict(self, context, model_input, params=None):
        return self._model(rows(model_input, self._shape))


mlflow.models.set_model(Served())
'''

_MLMODEL: Final = """\
flavors:
  python_function:
    artifacts:
      parameters:
        path: {parameters}
        uri: {parameters}
    code: null
    env:
      virtualenv: python_env.yaml
    loader_module: mlflow.pyfunc.loaders.code_model
    model_code_path: model_code.py
    python_version: {python}
    streamable: false
signature:
  inputs: {inputs}
  outputs: {outputs}
  params: null
"""
_MOST: Final = 10_000  # columns of a signature


def mlmodel(parameters: str, python: str, inputs: Sequence[int], outputs: Sequence[int], *, tokens: bool) -> str:
    """Returns the file `MLmodel`.

    Args:
        parameters: the name of the file that holds them.
        python: its version.
        inputs: the shape of one example.
        outputs: the shape of one answer.
        tokens: whether inputs are whole numbers.
    """
    given = _columns(inputs, "long" if tokens else "double")
    answered = _columns(outputs, "double") or _tensor(outputs)
    texts = {"inputs": f"'{given}'" if given else "null", "outputs": f"'{answered}'"}
    return _MLMODEL.format(parameters=parameters, python=python, **texts)


def rows(given: Any, shape: Sequence[int]) -> Any:  # noqa: ANN401 (whatever MLflow hands over)
    """Returns examples as nested lists: of lists, of a table, of an array, or of lists of arrays.

    Args:
        given: the examples; of a model whose examples have several axes each may be one row of numbers.
        shape: of one example.
    """
    if hasattr(given, "to_numpy"):
        given = given.to_numpy()
    if hasattr(given, "tolist"):
        given = given.tolist()
    examples = [each.tolist() if hasattr(each, "tolist") else each for each in given]
    return [_folded(each, shape) for each in examples] if len(shape) > 1 else examples


def _folded(example: Any, shape: Sequence[int]) -> Any:  # noqa: ANN401
    is_flat = isinstance(example, list) and len(example) == math.prod(shape) and not isinstance(example[0], list)
    if not is_flat or len(shape) == 1:
        return example
    size = len(example) // shape[0]
    return [_folded(example[start : start + size], shape[1:]) for start in range(0, len(example), size)]


def _columns(shape: Sequence[int], kind: str) -> str:
    return json.dumps([{"type": kind, "required": True}] * shape[0]) if len(shape) == 1 and shape[0] <= _MOST else ""


def _tensor(shape: Sequence[int]) -> str:
    return json.dumps([{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, *shape]}}])

"""A trained model as an ONNX file; the package `onnx` writes and checks it."""

from typing import Any, Final

from syntonic.runners.config.errors import RequestError
from syntonic.runners.export.content import described
from syntonic.runners.export.onnx_graph import OPSET, OnnxGraph
from syntonic.runners.export.onnx_value import inputs
from syntonic.runners.run.kept_model import ModelFacts
from syntonic.sn import Module

_IR: Final = 8  # of the file format; what opset 18 came with


def onnx_file(module: Module, facts: ModelFacts) -> bytes:
    """Returns the model as an ONNX file with the input `inputs` and the output `outputs`, whose batch is free.

    Inputs are float32, or whole numbers where they are tokens; what is made of a table's rows is in its metadata.

    Raises:
        RequestError: if `onnx` is not installed, or the model does what ONNX cannot.
    """
    try:
        import onnx
    except ImportError:
        raise RequestError(["--to onnx needs the package onnx: pip install 'syntonic[export]'"]) from None
    module.eval()
    graph = OnnxGraph(module)
    try:
        value = inputs(graph, module, "inputs", facts.input_shape)
        if facts.vocabulary is not None:
            value = value.result(graph.node("CastLike", value.name, graph.floats([0.0])), value.symbol)
        outputs = module.forward(value)  # type: ignore[type-var]
    except (ValueError, TypeError, AttributeError) as error:
        raise RequestError([f"the model {facts.model['name']} cannot be exported to ONNX: {error}"]) from error
    return _written(onnx, graph, outputs.name, facts)


def _written(onnx: Any, graph: OnnxGraph, last: str, facts: ModelFacts) -> bytes:  # noqa: ANN401 (a module)
    helper, proto = onnx.helper, onnx.TensorProto
    kinds = {"float32": proto.FLOAT, "int64": proto.INT64}
    nodes = [helper.make_node(kind, given, made, **named) for kind, given, made, named in graph.nodes]
    nodes.append(helper.make_node("Identity", [last], ["outputs"]))
    fixed = [
        helper.make_tensor(name, kinds[dtype], shape, content, raw=True)
        for name, (dtype, shape, content) in graph.initializers.items()
    ]
    kind = proto.INT64 if facts.vocabulary is not None else proto.FLOAT
    given = helper.make_tensor_value_info("inputs", kind, ["batch", *facts.input_shape])
    answer = helper.make_tensor_value_info("outputs", proto.FLOAT, ["batch", *facts.output_shape])
    made = helper.make_graph(nodes, str(facts.model["name"]), [given], [answer], fixed)
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(made, opset_imports=opset, ir_version=_IR, producer_name="syntonic")
    helper.set_model_props(model, described(facts))
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content

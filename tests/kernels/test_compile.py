"""Kernels compile for every card without a GPU, and what is compiled is cached."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic
from syntonic import _core
from syntonic.kernels import ARCHITECTURES, compile_all
from syntonic.kernels.__main__ import main

ELF = b"\x7fELF"
# The first card checks every kernel; the others differ from it in little more than what Hopper adds.
CARDS = [pytest.param(arch, marks=[] if arch == "sm_90" else pytest.mark.slow) for arch in ARCHITECTURES]


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SYNTONIC_KERNEL_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("arch", CARDS)
@pytest.mark.usefixtures("nvrtc")
def test_every_kernel_compiles(arch):
    images = list(compile_all(architectures=[arch]))
    assert len(images) == 2 * len(_core.cuda_kernels())
    for image in images:
        assert image.data.startswith(ELF), image.filename


@pytest.mark.parametrize(
    "defines",
    [
        {"ROW_THREADS": 512, "ROW_VECTORS": 4, "ROW_LANES": 4, "ROW_CLUSTER": 4},
        {"ROW_THREADS": 4, "ROW_VECTORS": 1, "ROW_LANES": 1, "ROW_CLUSTER": 1},
        {"ROW_THREADS": 512, "ROW_VECTORS": 8, "ROW_LANES": 4, "ROW_CLUSTER": 8, "ROW_STREAM": 1},
        {"ROW_THREADS": 512, "ROW_VECTORS": 16, "ROW_LANES": 4, "ROW_CLUSTER": 1, "ROW_STREAM": 1},
    ],
)
@pytest.mark.usefixtures("nvrtc")
def test_specialised_rows_compile(defines):
    for kernel in ("syntonic_softmax", "layer_norm"):
        assert _core.cuda_compile(kernel, 90, "float32", list(defines.items())).startswith(ELF)


@pytest.mark.parametrize("unit", _core.cuda_kernels())
@pytest.mark.usefixtures("nvrtc")
def test_one_kernel_is_compiled_alone(unit):
    def names(image):
        return {name[6:] for name in re.findall(rb"\.text\.\w+_f32", image)}

    every = names(_core.cuda_compile(unit, 90))
    first = min(every)
    assert names(_core.cuda_compile(unit, 90, only=first.decode().removesuffix("_f32"))) == {first}


@pytest.mark.usefixtures("nvrtc")
def test_a_kernel_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"a kernel of unit pooling.*min_pool2d"):
        _core.cuda_compile("pooling", 90, only="min_pool2d")


@pytest.mark.usefixtures("nvrtc")
def test_a_newer_card_than_the_compiler_knows_gets_ptx():
    assert b".target sm_" in _core.cuda_compile("pooling", 999)


@pytest.mark.usefixtures("nvrtc")
def test_the_cache_is_used_and_a_damaged_file_is_replaced(cache):
    image = _core.cuda_compile("pooling", 90)
    [file] = cache.iterdir()
    whole = file.read_bytes()
    assert whole.endswith(image)
    file.write_bytes(whole[:-1])
    assert _core.cuda_compile("pooling", 90) == image
    assert file.read_bytes() == whole


@pytest.mark.usefixtures("nvrtc")
def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SYNTONIC_KERNEL_CACHE", str(tmp_path / "file" / "below"))
    assert _core.cuda_compile("pooling", 90).startswith(ELF)


@pytest.mark.usefixtures("nvrtc", "cache")
def test_the_command_writes_images(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["--kernel", "pooling", "--arch", "sm_80", "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == ["pooling_f32_sm_80.cubin", "pooling_f64_sm_80.cubin"]
    assert "pooling_f32_sm_80.cubin" in capsys.readouterr().out


def test_the_command_lists_kernels(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.split() == _core.cuda_kernels()


@pytest.mark.parametrize(
    ("arguments", "word"), [(["--kernel", "softmx"], "syntonic_softmax"), (["--arch", "90"], "sm_90")]
)
def test_the_command_refuses(arguments, word, capsys):
    assert main(arguments) == 1
    assert word in capsys.readouterr().err


def test_without_the_compiler_the_error_names_the_extra():
    script = """
from syntonic import _core
try:
    _core.cuda_compile("pooling", 90)
except _core.DeviceUnavailable as error:
    assert "syntonic[cuda]" in str(error), error
"""
    root = str(Path(syntonic.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=False, env={"PYTHONPATH": root}
    )
    assert done.returncode == 0, done.stderr


def test_importing_the_library_opens_no_cuda_library():
    script = """
import syntonic.kernels, syntonic.sn
maps = open("/proc/self/maps").read()
assert not [name for name in ("libcuda", "libnvrtc", "libcublas") if name in maps], maps
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

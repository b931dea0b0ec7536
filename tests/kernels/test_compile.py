"""Kernels compile for every card without a GPU, and what is compiled is cached."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import syntonic
from syntonic import _core
from syntonic.kernels import ARCHITECTURES, compile_all
from syntonic.kernels.__main__ import main
from syntonic.kernels.images import DOCUMENTED

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


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("kernel", ["phi_residual", *DOCUMENTED])
@pytest.mark.usefixtures("nvrtc", "cache")
def test_ptx_on_request_by_the_names_of_the_documents(kernel, arch, tmp_path, capsys):
    out = tmp_path / "out"
    assert main([f"--kernel={kernel}", f"--arch={arch}", "--ptx", "--out", str(out)]) == 0
    units = DOCUMENTED.get(kernel, (kernel,))
    assert sorted(p.name for p in out.iterdir()) == sorted(f"{u}_{f}_{arch}.ptx" for u in units for f in ("f32", "f64"))
    for path in out.iterdir():
        text = path.read_text()
        assert f".target {arch}" in text
        # The kernels are those of the cubin.
        unit, dtype = path.stem.removesuffix(f"_{arch}").rsplit("_", 1)
        entries = set(re.findall(r"\.entry (\w+)\(", text))
        cubin = _core.cuda_compile(unit, int(arch[3:]), {"f32": "float32", "f64": "float64"}[dtype])
        assert entries == {name[6:].decode() for name in re.findall(rb"\.text\.\w+", cubin)}
    assert f"{arch}.ptx" in capsys.readouterr().out


@pytest.mark.usefixtures("nvrtc")
def test_one_kernel_alone_as_ptx():
    name = re.search(rb"\.entry (\w+)_f32\(", _core.cuda_compile("pooling", 80, ptx=True))[1].decode()
    text = _core.cuda_compile("pooling", 80, only=name, ptx=True)
    assert re.findall(rb"\.entry (\w+)\(", text) == [f"{name}_f32".encode()]
    assert b".target sm_" in _core.cuda_compile("pooling", 999, only=name)


@pytest.mark.usefixtures("nvrtc")
def test_a_card_that_the_compiler_does_not_know_any_more(capsys):
    assert main(["--arch=sm_12", "--kernel=phi_residual"]) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "sm_90" in told
    assert "got sm_12" in told


@pytest.mark.parametrize("start", [["compile_kernels.sh"], [sys.executable, "compile_kernels.py"]])
def test_the_files_of_the_documents_at_the_root(start):
    root = Path(syntonic.__file__).parent.parent
    if not (root / "compile_kernels.py").is_file():
        pytest.skip("an installed package has no repository around it")
    command = [str(root / start[0]), *start[1:]] if len(start) == 1 else [start[0], str(root / start[1])]
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run([*command, "--list"], capture_output=True, text=True, check=False, env=environment, cwd="/")
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, _core.cuda_kernels(), "")
    module = [sys.executable, "-m", "compile_kernels", "--kernel=softmx", "--arch=sm_80"]
    done = subprocess.run(module, capture_output=True, text=True, check=False, cwd=root)
    assert (done.returncode, "syntonic_softmax" in done.stderr) == (1, True)


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

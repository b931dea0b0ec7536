#!/usr/bin/env bash
# Everything that needs a GPU, in one run of under ten minutes that builds nothing: tests, compute-sanitizer, speed.
#
# Needs: the wheel in dist/ (maturin build --release -o dist), a Python with PyTorch, pytest and NumPy (PYTHON names it),
# compute-sanitizer for its part. Logs go to the folder OUT. The library is installed beside this checkout, not into it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-python3}
out=${OUT:-gpu_session}
work=$(mktemp -d)
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$work/site" SYNTONIC_KERNEL_CACHE="$work/cache"

"$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$work/site" dist/syntonic-*.whl || exit 1
cp -r tests/gpu tests/kernels experiments/speed/gpu_ops.py "$work" && cd "$work" || exit 1
"$python" -c "from syntonic import _core; print('devices', _core.cuda_device_count(), _core.cuda_reason())"

part() { # part SECONDS NAME COMMAND..
    local limit=$1 name=$2
    shift 2
    printf '\n=== %s\n' "$name"
    timeout "$limit" "$@" >"$out/$name.log" 2>&1
    echo "$name: exit $?"
    tail -n "${lines:-25}" "$out/$name.log"
}

# -o: the checkout's settings are not here; a warning of another library is no failure of ours.
tests=("$python" -m pytest -q --maxfail=40 --import-mode=importlib -p no:cacheprovider -o "markers=gpu: needs a CUDA device
slow: takes long")
lines=60 part 200 tests "${tests[@]}" gpu kernels -m "not slow"

sanitize=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
if [ -x "$sanitize" ]; then
    # The sizes that matter to memory errors: tails, odd rows, clusters. PyTorch's own tests are left out.
    small='(test_formula and phi and (5 or 255)) or (test_last_axis and (33 or 1025 or 65_536 or 65536)) or test_other_axes
        or (test_batch_norm and 16) or (test_conv2d and shape3) or (test_reductions and shape3) or test_centroid
        or (test_batch_syntony and shape4) or test_members or test_mobius or test_gradient'
    for tool in memcheck racecheck initcheck; do
        lines=6 part 40 "$tool" "$sanitize" --tool "$tool" --error-exitcode 9 --print-limit 20 \
            "${tests[@]}" gpu -k "$(echo "$small" | tr '\n' ' ') and float32"
    done
fi

lines=80 part 235 speed "$python" gpu_ops.py --minutes 3.4 --out "$out/gpu_ops.json"

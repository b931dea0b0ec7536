#!/usr/bin/env bash
# Everything that needs a GPU, in one run of under ten minutes that builds nothing: tests, compute-sanitizer, speed.
#
# PARTS names what to run, "tests sanitize generations speed" by default.
# Needs: the wheel in dist/ (maturin build --release -o dist), a Python with PyTorch, pytest and NumPy (PYTHON names it),
# compute-sanitizer for its part, evosax with jax[cuda] and scikit-learn for the generations. Logs go to the folder OUT. The library is installed beside this checkout, not into it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-python3}
out=${OUT:-gpu_session}
work=$(mktemp -d)
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$work/site${PYTHONPATH:+:$PYTHONPATH}" SYNTONIC_KERNEL_CACHE="$work/cache"

"$python" -m pip install --quiet --no-index --no-deps --no-compile --target "$work/site" dist/syntonic-*.whl || exit 1
cp -r tests/gpu tests/kernels experiments/speed/gpu_*.py "$work" && cd "$work" || exit 1
"$python" -c "from syntonic import _core; print('devices', _core.cuda_device_count(), _core.cuda_reason())"

parts=" ${PARTS:-tests sanitize generations speed} "
wanted() { [[ $parts == *" $1 "* ]]; }

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
wanted tests && lines=60 part 300 tests "${tests[@]}" gpu kernels -m "not slow"

sanitize=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
if wanted sanitize && [ -x "$sanitize" ]; then
    check() { # check TOOL NUMBERS TESTS..
        local tool=$1
        SYNTONIC_GPU_TEST_NUMBERS=$2 lines=6 part 170 "$tool" "$sanitize" --tool "$tool" --error-exitcode 9 \
            --print-limit 20 "${tests[@]}" gpu -m "not slow" "${@:3}" &
    }
    # Every test whose arrays are small enough for a kernel that runs a hundred times slower.
    check memcheck 20000
    check initcheck 20000
    # Races are between threads that share memory: one test of several blocks for each kernel that does.
    check racecheck 400000 -k "float32 and (test_hostile_rows or (test_last_axis and identity and 300001) or test_layer_norm or \
        (test_batch_norm and (shape7 or shape5)) or test_hostile_reductions or test_distance or test_syntony_at_the_ends or \
        (test_conv2d and (shape2 or shape6)) or test_argmax or test_gnosis or test_pair_syntony or \
        test_the_losses_of_the_cpu)"
    wait
fi

wanted generations && lines=40 part 110 generations "$python" gpu_generations.py --out "$out/gpu_generations.json"
# A cache of its own, and none of the compiler, show what a first use costs.
wanted speed && CUDA_CACHE_DISABLE=1 SYNTONIC_KERNEL_CACHE="$work/cold" lines=80 part 235 speed "$python" gpu_ops.py --minutes 3.4 \
    --out "$out/gpu_ops.json"
exit 0

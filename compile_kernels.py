#!/usr/bin/env python3
"""Compiles the CUDA kernels ahead of time, on a machine with or without a GPU: `python -m syntonic.kernels` by another name.

python compile_kernels.py --list
python compile_kernels.py --kernel=phi_residual --arch=sm_80 --ptx --out build/kernels
"""

import sys

from syntonic.kernels.__main__ import main

if __name__ == "__main__":
    sys.exit(main())

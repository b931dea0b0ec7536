#!/usr/bin/env python3
"""Compiles the CUDA kernels ahead of time: `python -m syntonic.kernels`, by the name that the documents have for it.

python compile_kernels.py --list
python compile_kernels.py --kernel=phi_residual --arch=sm_80 --ptx --out build/kernels
"""

import sys

from syntonic.kernels.__main__ import main

if __name__ == "__main__":
    sys.exit(main())

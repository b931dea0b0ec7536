"""Trained models for other programs: ONNX, NPZ, safetensors."""

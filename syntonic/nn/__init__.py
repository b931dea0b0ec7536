"""Neural networks: layers, architectures and training."""

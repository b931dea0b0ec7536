"""The version, read when it is asked for: the module that knows it takes longer to import than all of `syntonic`."""


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib import metadata

        return metadata.version("syntonic")
    raise AttributeError(f"module 'syntonic' has no attribute {name!r}")

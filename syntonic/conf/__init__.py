"""Words: one object per file. A package, so that Hydra finds it as `pkg://syntonic.conf` in an installed wheel."""

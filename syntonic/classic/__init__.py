"""The classic wing: what documents promise by name and no run uses; `syntonic.compat` has the documented paths."""

"""A run from Python, cell by cell: compose it, look at the result, change an option, compare.

Run it as a script, or cell by cell in an editor that knows `# %%`. It writes into `.syntonic/` of the working folder.
"""

# %% The default run: a small network learns exclusive or. Nothing heavy is imported before the call.
import syntonic

first = syntonic.run(["tracking=none"], quiet=True)
print(f"{first.title}: {first.status}, accuracy {first.metrics['test_accuracy']:.2f} in {first.seconds:.2f} s")
assert first.status == "FINISHED"
assert first.metrics["test_accuracy"] == 1.0

# %% Another option: the plain evolution strategy, and another seed.
second = syntonic.run(["tracking=none", "trainer=es", "seed=3"], quiet=True)
print(f"{second.title}: {second.status}, loss {second.metrics['test_loss']:.4f}")

# %% The checkpoint is a folder of safetensors and JSON; the result has its path.
assert second.checkpoint is not None
print(sorted(path.name for path in second.checkpoint.iterdir()))

# %% A wrong request is an error that names the right key, before anything is written.
message = ""
try:
    syntonic.run(["trainer.sigm=0.1"], quiet=True)
except ValueError as error:
    message = str(error)
print(message)
assert "did you mean 'sigma'?" in message

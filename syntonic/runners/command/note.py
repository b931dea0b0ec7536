"""`syntonic-run note`: a note on a run."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.command.tag import stored
from syntonic.runners.config.errors import RequestError, harmless
from syntonic.runners.run import labels, listing
from syntonic.runners.run.progress import Output
from syntonic.tracking.spool import Spool, SpoolError

HELP: Final = """\
syntonic-run note RUN [TEXT]: a note on a run, in Markdown; its page in MLflow begins with it.

  syntonic-run note last "the best so far, see the paper"
  syntonic-run note last                shows the note
  syntonic-run note last ""             takes it away"""


def run(argv: Sequence[str]) -> int:
    """Changes the note and returns the exit code; 1 if a store did not take it."""
    options = read("note", argv, most=1000)
    if not options.names:
        raise RequestError(['note: name a run, for example `syntonic-run note last "the best so far"`'])
    console, done = Output(), True
    folder = listing.find(options.names[0], console.warn)
    if len(options.names) > 1:
        text = " ".join(options.names[1:]).strip()
        labels.write(folder.path, replace(labels.read(folder.path), note=text))
        try:
            end = Spool(folder.path).read_end()
        except SpoolError:
            end = None
        whole = "\n\n".join(filter(None, [text, end.ending.note if end is not None else ""]))
        done = stored(folder.path, {"mlflow.note.content": whole or None}, console)
    note = labels.read(folder.path).note
    console.print(harmless(note or f"{folder.record.id} has no note"), markup=False, soft_wrap=True)
    return int(not done)

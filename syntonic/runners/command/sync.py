"""`syntonic-run sync`: sends to a store what it has not got yet."""

from collections.abc import Sequence
from typing import Final

from syntonic.runners.command.options import read
from syntonic.runners.config.errors import RequestError, harmless
from syntonic.runners.run import listing
from syntonic.runners.run.folder import home
from syntonic.runners.run.progress import Output
from syntonic.tracking import uploader, writer
from syntonic.tracking.spool import Spool, SpoolError, opened
from syntonic.tracking.stores import address
from syntonic.tracking.stores.remote import in_the_bin

HELP: Final = """\
syntonic-run sync [RUN...]: sends runs to their MLflow store that was away, or to another one.

  syntonic-run sync                          whatever the database of this folder has not got yet
  syntonic-run sync --to http://server:5000  runs that wait for that server, every point once
  syntonic-run sync --to URI RUN             this run, though it belonged to another store or to none; from now on
                                             it belongs to this one

A run writes every generation into its folder first. So nothing is lost when a store is away, or when a run is computed
on a machine without a network: copy the folder, and sync it from there. What the store has already is not sent again.
Credentials come from the environment, as MLflow has them: MLFLOW_TRACKING_USERNAME and _PASSWORD, or
MLFLOW_TRACKING_TOKEN. They are sent to no address that you have not typed."""


def run(argv: Sequence[str]) -> int:
    """Uploads what can be uploaded; returns 0 if nothing is left, 1 if something still waits."""
    options = read("sync", argv, values=["--to"], most=1000)
    target = _target(options.flags.get("--to"))
    console = Output()
    named = [Spool(listing.find(name, console.warn).path) for name in options.names]
    failed = sent = 0
    waiting: dict[str, int] = {}
    told: set[str] = set()
    for spool in named or list(uploader.not_uploaded(home().resolve())):
        try:
            with opened(spool.run_folder) as held:
                request = held.read_request()
                if request is None or (request.process.alive() is not False and held.read_end() is None):
                    continue  # still going: its own process records it
                if named and target is not None:
                    held.redirect(request, target)
                elif request.uri != target:
                    store = request.uri or address.local(home())
                    waiting[store] = waiting.get(store, 0) + 1
                    continue
                whole = writer.upload(held)
            receipt = held.read_receipt()
        except (SpoolError, OSError) as error:
            console.print(harmless(f"{spool.run_folder}: {error}"), markup=False, soft_wrap=True)
            failed += 1
            continue
        sent, failed = sent + whole, failed + (not whole)
        name = spool.run_folder.name
        told.add(name)
        problems = "; ".join(receipt.problems) if receipt else ""
        line = f"{name}: sent to {receipt.store if receipt else ''}" if whole else f"{name}: not sent"
        console.print(harmless(f"{line} {problems}".rstrip()), markup=False, soft_wrap=True)
    for store, count in sorted(waiting.items()):
        hint = "`syntonic-run sync`" if store == address.local(home()) else f"`syntonic-run sync --to {store}`"
        wait = "1 run waits" if count == 1 else f"{count} runs wait"
        other = f"; name runs to send them to {target} instead" if target is not None else ""
        console.print(harmless(f"{wait} for {store}: {hint} sends what waits{other}"), markup=False, soft_wrap=True)
    for folder in () if named else listing.deleted(listing.survey()[0]):
        if folder.record.id not in told:
            lost = harmless(f"{folder.record.id}: {in_the_bin(folder.record.run_id)}")
            console.print(lost, markup=False, soft_wrap=True)
    if not sent and not failed and not waiting:
        console.print("all runs are synced")
    return int(failed > 0 or (bool(waiting) and not sent))


def _target(given: str | None) -> str | None:
    try:
        return None if given is None else address.checked(given)
    except ValueError as error:
        raise RequestError([f"sync: --to {error}"]) from error

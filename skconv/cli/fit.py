"""``skconv fit``: from a folder of files to a model and its C."""

from __future__ import annotations

import argparse
import re
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from skconv.cli.errors import DIFFERS, OK, UsageError
from skconv.cli.files import save_model
from skconv.cli.printing import print_result, progress, progress_aside

# The folder of the C beside the model, where none is named.
FIRMWARE = "firmware"


def fit(arguments: argparse.Namespace) -> int:
    """Read a folder, find a Pipeline, print how good and large it is, write model and C."""
    firmware = arguments.firmware or arguments.output.parent / FIRMWARE
    name = re.sub(r"\W", "_", arguments.output.stem)
    name = name if name[:1].isalpha() else f"model_{name}"
    _check_outputs(arguments.output, firmware, name)
    samples = _load(arguments.folder, arguments)
    test = None if arguments.test is None else _load(arguments.test, arguments)
    found = _fitted(arguments, samples, test, name)
    checked = found.model.verify(found.samples.data)
    found.model.save(firmware, accuracy=found.accuracy)
    save_model(found.estimator, arguments.output)
    if arguments.json:
        facts = {**found.to_dict(), "differing_bytes": checked.differing_bytes}
        print_result({**facts, "model": arguments.output, "firmware": firmware}, True)
    else:
        print(found)
        print(checked)
        print(f"written: {arguments.output} and {firmware}")
    return DIFFERS if checked.differing_bytes else OK


def _check_outputs(output: Path, firmware: Path, name: str) -> None:
    """Before anything is read: whether there is room for what will be written."""
    from skconv.deploy.manifest import MANIFEST
    from skconv.deploy.project_folder import require_ours

    if output.is_dir():
        raise UsageError(f"-o: {output} is a folder. Write -o {output / 'model.joblib'}.")
    if firmware.exists() and not firmware.is_dir():
        raise UsageError(f"--firmware: {firmware} is a file. Write --firmware FOLDER.")
    for option, path in (("-o", output), ("--firmware", firmware)):
        parent = path.absolute().parent
        if not parent.is_dir():
            raise UsageError(f"{option}: there is no folder {parent} to write {path.name} to.")
        try:
            tempfile.TemporaryFile(dir=parent).close()
        except OSError as error:
            raise UsageError(
                f"{option}: {parent} cannot be written to: {error.strerror}"
            ) from error
    require_ours(firmware.absolute(), (f"{name}.c", f"{name}.h", MANIFEST), name)


def _load(folder: Path, arguments: argparse.Namespace) -> Any:
    from skconv.autofit.fit import least_files
    from skconv.folders import load_folder
    from skconv.folders.tree import check_counts, read_tree

    tree = read_tree(folder)
    if folder != arguments.test:
        check_counts(tree.labels, least_files(arguments.test is not None))
    counts = ", ".join(f"{name} {n}" for name, n in sorted(Counter(tree.labels).items()))
    progress(f"reading {len(tree.files)} files of {folder}: {counts}")
    names = ("size", "color", "rate", "length", "kind")
    return load_folder(folder, **{name: getattr(arguments, name) for name in names})


def _fitted(arguments: argparse.Namespace, samples: Any, test: Any, name: str) -> Any:
    from skconv.autofit import fit_samples

    progress(
        f"{len(samples.data)} {samples.kind} of shape {samples.data.shape[1:]}; trying Pipelines "
        f"for {arguments.time_limit:g} seconds"
    )
    names = ("chip", "time_limit", "n_candidates", "n_jobs", "seed")
    with progress_aside(), warnings.catch_warnings():
        return fit_samples(
            samples,
            test=test,
            name=name,
            verbose=1,
            **{each: getattr(arguments, each) for each in names},
        )

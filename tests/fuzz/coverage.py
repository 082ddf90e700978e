"""`python -m tests.fuzz.coverage NAME --seconds 60`: a harness under atheris, guided by coverage.

With `--runs 1000` it ends after so many inputs, which one seed and one `PYTHONHASHSEED` decide.

Inputs that a harness does not pass are written to `--found`, one of each kind, and the run goes on.
libFuzzer prints its figures at the end. A run by chance alone, without atheris: `--plain`.
"""

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

INSTRUMENTED = 4.0
"""How many times slower archc may be while its branches are counted."""
LONGEST = 8192


def main() -> None:
    """Run one harness for some time."""
    options = _options()
    if options.plain:
        _run_plain(options)
    else:
        _run_guided(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--runs", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--corpus", type=Path, help="keep what reached new branches here")
    parser.add_argument("--plain", action="store_true")
    return parser.parse_args()


def _run_plain(options: argparse.Namespace) -> None:
    from tests.fuzz.driving import changed_inputs
    from tests.fuzz.harnesses import HARNESSES

    attempt = _attempt(options.name, options.found, 1.0)
    end, count = time.monotonic() + options.seconds, 0
    inputs = changed_inputs(HARNESSES[options.name], options.seed)
    for data in islice(inputs, options.runs if options.runs >= 0 else None):
        attempt(data)
        count += 1
        if time.monotonic() > end:
            break
    print(f"stat::number_of_executed_units: {count}", file=sys.stderr)


def _run_guided(options: argparse.Namespace) -> None:
    import atheris

    with atheris.instrument_imports(include=["archc"]):
        _import_all()
    from tests.fuzz.harnesses import HARNESSES
    from tests.fuzz.words import dictionary

    harness = HARNESSES[options.name]
    seeds = harness.seeds()

    def change(data: bytes, longest: int, seed: int) -> bytes:
        chance = Random(seed)
        if chance.random() < 0.3:
            return atheris.Mutate(data, longest)
        return harness.change(data, chance, seeds)[:longest]

    with tempfile.TemporaryDirectory() as folder:
        words = Path(folder, "words.dict")
        words.write_text(dictionary(), encoding="utf-8")
        corpus = options.corpus or Path(folder, "corpus")
        corpus.mkdir(parents=True, exist_ok=True)
        for index, seed in enumerate(seeds):
            (corpus / f"seed{index}").write_bytes(seed)
        arguments = [
            f"-max_total_time={int(options.seconds)}",
            f"-runs={options.runs}",
            f"-seed={options.seed}",
            f"-dict={words}",
            f"-max_len={LONGEST}",
            "-timeout=120",
            "-rss_limit_mb=4096",
            "-print_final_stats=1",
            f"-artifact_prefix={options.found}/",
            str(corpus),
        ]
        attempt = _attempt(options.name, options.found, INSTRUMENTED)
        atheris.Setup([sys.argv[0], *arguments], attempt, custom_mutator=change)
        atheris.Fuzz()


def _import_all() -> None:
    """Import every module of archc, so that the branches of all are counted."""
    import archc

    for module in pkgutil.walk_packages(archc.__path__, "archc."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _attempt(name: str, found: Path, slowness: float) -> Callable[[bytes], Any]:
    from tests.fuzz.driving import judged
    from tests.fuzz.harnesses import HARNESSES

    found.mkdir(parents=True, exist_ok=True)
    harness = HARNESSES[name]

    def attempt(data: bytes) -> None:
        fault = judged(harness, data, slowness)
        if fault is None:
            return
        target = found / f"{name}-{fault.mark}"
        known = target.with_suffix(".input")
        if not known.exists() or len(known.read_bytes()) > len(data):
            known.write_bytes(data)
            target.with_suffix(".txt").write_text(str(fault), encoding="utf-8", errors="replace")

    return attempt


if __name__ == "__main__":
    main()

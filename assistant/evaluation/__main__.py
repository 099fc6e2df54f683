"""`python -m assistant.evaluation SET… [--json] [--compare RUN] [--fail-under METRIC=VALUE …]`

Measures golden sets on a temporary store with the shipped corpus, without the user's documents. The run is
still saved in the user's home folder, for later comparisons.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.evaluation import evaluate
from assistant.evaluation.runs.summary import check_floors


def main() -> None:
    """Measure and print; exit with 1 if a figure is worse than its --fail-under."""
    try:
        sys.exit(_measure(_parse_arguments()))
    except AssistantError as fault:
        sys.exit(f"assistant: {fault.message}")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=__doc__)
    add = parser.add_argument
    add("sets", nargs="+", type=Path, metavar="SET", help="a .jsonl file, or a folder of them")
    add("--json", action="store_true", help="print one line of JSON, last")
    add("--compare", metavar="RUN", help="a run's id, `last`, or a file of one")
    floor = "end with 1 where a figure is worse"
    add("--fail-under", nargs="+", default=[], metavar="METRIC=VALUE", help=floor)
    add("--report", type=Path, metavar="FILE", help="write the HTML report there")
    return parser.parse_args()


def _measure(arguments: argparse.Namespace) -> int:
    settings = config.load()
    floors = evaluate.parse_floors(arguments.fail_under)
    with evaluate.open_shipped_store(settings, _notify) as assistant:
        evaluation = evaluate.measure(
            assistant, settings.home, arguments.sets, arguments.compare, arguments.report, _on_progress
        )
    print(evaluate.format_evaluation(evaluation, arguments.json))
    failures = check_floors(evaluation.figures, floors)
    for sentence in failures:
        _notify(sentence)
    return 1 if failures else 0


def _on_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r{done} of {total} questions", end=end, file=sys.stderr, flush=True)


def _notify(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

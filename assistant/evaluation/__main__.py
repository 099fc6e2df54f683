"""`python -m assistant.evaluation SET… [--json] [--compare RUN] [--fail-under METRIC=VALUE …]`

Asks golden sets of a store of its own, filled with the shipped corpus, so that what a person keeps has no
part in it. The run is kept in the person's home folder all the same, to be compared with later.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from assistant.core import config
from assistant.core.errors import AssistantError
from assistant.evaluation import evaluate


def main() -> None:
    """Measures, prints, and ends with 1 where a figure is worse than --fail-under asks."""
    try:
        sys.exit(_measure(_arguments()))
    except AssistantError as fault:
        sys.exit(f"assistant: {fault.message}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m assistant.evaluation", description=__doc__)
    parser.add_argument(
        "sets", nargs="+", type=Path, metavar="SET", help="a .jsonl file, or a folder of them"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON, last")
    parser.add_argument("--compare", metavar="RUN", help="a run's id, `last`, or a file of one")
    parser.add_argument(
        "--fail-under",
        nargs="+",
        default=[],
        metavar="METRIC=VALUE",
        help="end with 1 where a figure is worse",
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the HTML report there")
    return parser.parse_args()


def _measure(asked: argparse.Namespace) -> int:
    settings = config.load()
    floors = evaluate.floors(asked.fail_under)
    with evaluate.own_store(settings, _say) as assistant:
        outcome = evaluate.measure(
            assistant, settings.home, asked.sets, asked.compare, asked.report, _progress
        )
    print(evaluate.printed(outcome, asked.json))
    failed = evaluate.failures(outcome, floors)
    for sentence in failed:
        _say(sentence)
    return 1 if failed else 0


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} of {of} questions", end="\n" if done == of else "", file=sys.stderr, flush=True)


def _say(told: str) -> None:
    print(told, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""A language model of one's own on every path: make model-check MODEL=FILE.gguf, or an address of a server

list, chat, stream, condense, JSON schema; then golden questions with it and without. A file is served by
node-llama-cpp (llama.cpp as a program that is built already), which npm installs into the cache at first.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import httpx

from assistant.answering.model import condensing, offers
from assistant.answering.model.language_model import Model
from assistant.assistant import Assistant
from assistant.core import config
from assistant.core.endpoint import client_options
from assistant.core.errors import AssistantError
from assistant.core.types import Answer
from assistant.evaluation import evaluate
from assistant.evaluation.golden import sets
from assistant.evaluation.golden.sets import Question
from assistant.evaluation.scoring.scores import has_facts

SERVER = Path(__file__).with_name("model_server.mjs")
RUNTIME = {"node-llama-cpp": "3.21.1", "@node-llama-cpp/linux-x64": "3.21.1"}
NAME_ONE = (
    "Name a model: make model-check MODEL=FILE.gguf, or the address of a running server, as in "
    "MODEL=http://127.0.0.1:11434/v1 NAME=qwen2.5:7b."
)
ASKED, UNANSWERABLE = 33, 11
SECONDS = 180.0
"""The time limit for an answer; the model may run on few cores."""
SCHEMA = {
    "type": "object",
    "properties": {"sentences": {"type": "array", "items": {"type": "string"}, "maxItems": 2}},
    "required": ["sentences"],
}


@dataclass(frozen=True)
class Asked:
    """A question, its answer, and the seconds that it took."""

    question: Question
    answer: Answer
    seconds: float

    @property
    def is_right(self) -> bool:
        return self.answer.answered and has_facts(self.answer.text, self.question)


def main() -> None:
    """Check the model that the command line names; exit with 1 if a path fails, with 2 without a model."""
    asked = _arguments()
    if problem := _problem(asked.model):
        print(problem, file=sys.stderr)
        sys.exit(2)
    with _served(asked.model) as url:
        name = asked.name or offers.offers(url)[0].name
        model = Model(name, url, seconds=SECONDS)
        failed = [what for what, does in PATHS.items() if not _runs(what, does, model)]
        _print_table(model, asked.questions)
    sys.exit(bool(failed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make model-check", description=__doc__)
    parser.add_argument("model", nargs="?", default="", help="a GGUF file, or the address of a server")
    parser.add_argument("--name", default="", help="the name of the model there; else the first")
    parser.add_argument("--questions", type=int, default=ASKED, help="golden questions with an answer")
    return parser.parse_args()


def _problem(model: str) -> str | None:
    """Return what is wrong with what the command line names, in a sentence."""
    if not model:
        return NAME_ONE
    if model.startswith(("http://", "https://")):
        return None
    if not Path(model).is_file():
        return f"There is no file {model}. {NAME_ONE}"
    with Path(model).open("rb") as file:
        if file.read(4) != b"GGUF":
            return f"{model} is no model in the form GGUF. {NAME_ONE}"
    if not shutil.which("npm") or not shutil.which("node"):
        return "A model file needs node and npm; install them, or name the address of a running server."
    return None


# -- the server --------------------------------------------------------------------------------------


@contextmanager
def _served(model: str) -> Iterator[str]:
    """Serve a file; yield the address. That of a running server is left as it is."""
    if model.startswith("http"):
        yield model.rstrip("/")
        return
    folder = _runtime()
    command = ["node", str(folder / SERVER.name), str(Path(model).absolute())]
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        # The library writes lines of its own at times.
        url = next((line.strip() for line in child.stdout if line.startswith("http")), None)
        if url is None:
            sys.exit("The model could not be loaded; what is above says why.")
        yield url
    finally:
        child.terminate()
        child.wait()


def _runtime() -> Path:
    """Return the folder with node-llama-cpp and the server; it is installed there if it is not yet."""
    folder = config.load({}).cache / "model-check"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "whole").exists():
        print("Installing node-llama-cpp; this takes some minutes.", file=sys.stderr)
        (folder / "package.json").write_text(json.dumps({"private": True}), "utf-8")
        packages = [f"{name}@{version}" for name, version in RUNTIME.items()]
        options = ["--save-exact", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
        if subprocess.run(["npm", "install", "--silent", *options, *packages], cwd=folder).returncode:
            sys.exit("node-llama-cpp cannot be installed; name the address of a running server instead.")
        (folder / "whole").touch()
    shutil.copy(SERVER, folder)
    return folder


# -- the paths ---------------------------------------------------------------------------------------


def _list(model: Model) -> str:
    [offer] = [offer for offer in offers.offers(model.url) if offer.name == model.name]
    return f"{offer.window or 'an unknown number of'} tokens"


def _chat(model: Model) -> str:
    return repr(_completed(model, "Say in one sentence what a kettle is for.", {}))


def _stream(model: Model) -> str:
    began = time.perf_counter()
    times = [time.perf_counter() - began for _ in model.stream("Count from one to five.")]
    return f"{len(times)} pieces, the first after {times[0]:.1f} s"


def _condense(model: Model) -> str:
    history = [("How long does the Arvo kettle take to boil a litre?", "It takes 95 seconds.")]
    asked = "And how heavy is it?"
    found = condensing.condense(asked, history, model)
    return "kept as the rule has it" if found == asked else repr(found)


def _schema(model: Model) -> str:
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}
    said = json.loads(_completed(model, "Name two uses of a kettle, as JSON.", {"response_format": form}))
    return repr([str(sentence) for sentence in said["sentences"]])


PATHS: dict[str, Callable[[Model], str]] = {
    "list": _list,
    "chat": _chat,
    "stream": _stream,
    "condense": _condense,
    "JSON schema": _schema,
}


def _completed(model: Model, prompt: str, options: dict[str, object]) -> str:
    body = {"model": model.name, "messages": [{"role": "user", "content": prompt}], "max_tokens": 128}
    with httpx.Client(**client_options(), timeout=model.seconds) as client:
        reply = client.post(f"{model.url}/chat/completions", json=body | options)
    reply.raise_for_status()
    return str(reply.json()["choices"][0]["message"]["content"])


def _runs(what: str, does: Callable[[Model], str], model: Model) -> bool:
    try:
        print(f"{what}: {does(model)[:200]}", flush=True)
    except (AssistantError, httpx.HTTPError, ValueError, KeyError, IndexError, TypeError) as fault:
        print(f"{what}: FAILED ({fault})", flush=True)
        return False
    return True


# -- the table ---------------------------------------------------------------------------------------


def _print_table(model: Model, count: int) -> None:
    questions = [*_questions(True, count), *_questions(False, count * UNANSWERABLE // ASKED)]
    settings = replace(config.load({}), model=model.name, base_url=model.url, model_timeout=model.seconds)
    with evaluate.open_shipped_store(settings, lambda _: None) as assistant:
        with_it = [*_ask(assistant, questions)]
        assistant.__dict__["_model"] = None
        without = [*_ask(assistant, questions)]
    for name, asked in ((model.name, with_it), ("without a model", without)):
        print(f"{name}: {_summary(asked)}")


def _questions(answerable: bool, count: int) -> list[Question]:
    loaded = sets.load_sets([config.bundled("eval/golden")])
    found = [question for each in loaded for question in sets.questions(each)]
    chosen = [q for q in found if q.answerable is answerable and (not answerable or q.facts)]
    return chosen[:: max(1, len(chosen) // max(1, count))][:count]


def _ask(assistant: Assistant, questions: Sequence[Question]) -> Iterator[Asked]:
    for question in questions:
        began = time.perf_counter()
        answer = assistant.ask(question.text)
        yield Asked(question, answer, time.perf_counter() - began)


def _summary(asked: Sequence[Asked]) -> str:
    answerable = [one for one in asked if one.question.answerable]
    others = [one for one in asked if not one.question.answerable]
    shown = [s for one in asked if one.answer.mode == "model" for s in one.answer.sentences]
    return (
        f"facts right {sum(one.is_right for one in answerable)} of {len(answerable)}, "
        f"wrongly abstained {sum(not one.answer.answered for one in answerable)}, "
        f"rightly {sum(not one.answer.answered for one in others)} of {len(others)}, "
        f"sentences of the model {len(shown)}, of them marked {sum(not s.citations for s in shown)}, "
        f"{median(one.seconds for one in asked) if asked else 0:.1f} s an answer"
    )


if __name__ == "__main__":
    main()

"""Commands on language models: what an endpoint offers, and a short trial of one."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated

import typer

from assistant.cli import output
from assistant.cli.store import Json, open_store
from assistant.core.errors import ConfigError

app = typer.Typer(help="List the language models of an endpoint, and try one.", invoke_without_command=True)
TRIED = 3
"""Golden questions of a trial."""


@app.callback(epilog="Example: assistant models")
def models(context: typer.Context, as_json: Json = False) -> None:
    """List the models of the configured endpoint, or the model servers that run on this machine."""
    if context.invoked_subcommand:
        return
    from assistant.answering.model import offers
    from assistant.core import config
    from assistant.core.endpoint import OPENAI, require_key, require_url

    settings = config.load()
    if settings.model is None:
        _list_here(as_json)
        return
    url = require_url(settings.base_url or OPENAI, "OPENAI_BASE_URL")
    found = offers.offers(url, require_key(settings.api_key))
    if as_json:
        output.print_json([{"name": offer.name, "window": offer.window} for offer in found])
        return
    for offer in found:
        window = f"  {offer.window:,} tokens" if offer.window else ""
        print(f"{'*' if offer.name == settings.model else ' '} {offer.name}{window}")
    if settings.model not in {offer.name for offer in found}:
        output.say(f"{settings.model} is not among them; set ASSISTANT_MODEL to one that is.")


def problems() -> list[str]:
    """Return what is wrong with the configured model and the configured reranker, a sentence each."""
    from assistant.answering.model import offers
    from assistant.core import config
    from assistant.core.endpoint import OPENAI, require_key, require_url
    from assistant.core.errors import EmbedderError
    from assistant.retrieval.reranker import create_reranker

    settings, found = config.load(), list[str | None]()
    if settings.model is not None:
        url = require_url(settings.base_url or OPENAI, "OPENAI_BASE_URL")
        found.append(offers.problem(settings.model, url, require_key(settings.api_key)))
    if reranker := create_reranker(settings):
        try:
            reranker.scores("Is it there?", ["It is there."])
        except EmbedderError as fault:
            found.append(fault.message)
    return [each for each in found if each]


def _list_here(as_json: bool) -> None:
    from assistant.answering.model import offers

    found = list(offers.servers_here())
    if as_json:
        output.print_json([{"server": n, "url": u, "models": [m.name for m in some]} for n, u, some in found])
        return
    for name, url, some in found:
        print(f"{name} answers at {url}: {', '.join(offer.name for offer in some) or 'no models'}")
    output.say(
        "No model is used yet. Set OPENAI_BASE_URL to such an address and ASSISTANT_MODEL to a name."
        if found
        else "No model is configured, and no model server answers on this machine."
    )


@app.command(epilog="Example: assistant models usage")
def usage(as_json: Json = False) -> None:
    """List the tokens that answers used on each of the last days, with their cost where a price is set."""
    with open_store("assistant models usage") as store:
        days = store.usage()
    if as_json:
        output.print_json([asdict(row) for row in days])
        return
    for row in days:
        used, cost = row.usage, "" if row.usage.cost is None else f", cost {row.usage.cost:,.4f}"
        print(f"{row.day}  {output.plain(row.model)}: {used.prompt:,} read, {used.reply:,} written{cost}")
    if not days:
        output.say("No model has been used in the last days.")


@app.command("try", epilog="Example: assistant models try qwen2.5:7b")
def trial(
    name: Annotated[str, typer.Argument(help="The name of the model.")],
    as_json: Json = False,
) -> None:
    """Ask a model three golden questions over the shipped documents, as plain text and by a JSON schema.

    It happens in a store of its own. Which form the model does better with is kept for its answers.
    """
    from assistant.core import config
    from assistant.core.endpoint import OPENAI, require_url
    from assistant.core.model_choice import as_key, keep_form
    from assistant.evaluation import trial

    settings = config.load()
    if settings.model is None:
        raise ConfigError("No model is configured; set OPENAI_BASE_URL or OPENAI_API_KEY.")
    compared = trial.compare(replace(settings, model=name), TRIED, output.say)
    key = as_key(require_url(settings.base_url or OPENAI, "OPENAI_BASE_URL"), name)
    keep_form(settings.home, key, compared.is_gain)
    if as_json:
        output.print_json(asdict(compared) | {"schema": compared.is_gain})
        return
    for form, results in (("", compared.plain), (" by a schema", compared.structured)):
        for result in results:
            verdict = "right" if result.right else "wrong"
            print(f"{verdict}, {result.cited}, {result.seconds:.1f} s: {output.plain(result.question)}")
        print(f"{sum(result.right for result in results)} of {len(results)} right{form}.")
    print(f"Its answers are asked for {'as JSON by a schema' if compared.is_gain else 'as plain sentences'}.")

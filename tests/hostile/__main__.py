"""Attacks on the assistant: make hostile [ARGS="NAME…"]

door      requests that the page never sends: files named to Gradio, headers, bodies and lines without an end
silence   name look-ups and connections of the whole process tree, native code included
ledger    ledgers emptied, missing, cut, flipped; indexes the same
claims    false statements that look like what a quote says, and true ones in other words
altered   some 300 scripted sentences of models, true ones and changed ones: which are shown unmarked
faulty    twenty-two faults of models, mixed: told, with quotes in their place, and the next turn works
models    models that do not end, drip, or write what is slow to read
slow      clients that are slow, many or large: uploads, archives, golden sets, readers of progress

Without a name, all of them, in some minutes. Exits with 1 if a figure falls short.
"""

from __future__ import annotations

from eval.bench import measured

MODULES = {
    "door": "hostile.door",
    "silence": "hostile.silence",
    "ledger": "hostile.ledger",
    "claims": "hostile.claims",
    "altered": "hostile.altered",
    "faulty": "hostile.faulty",
    "models": "hostile.models",
    "slow": "hostile.slow",
}
"""The attacks, and the modules whose `figures` run them."""

if __name__ == "__main__":
    measured("make hostile", __doc__ or "", MODULES)

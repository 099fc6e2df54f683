"""What is tried on the assistant by those who mean it harm: make hostile [ARGS="NAME…"]

door      requests that the page never sends: files named to Gradio, headers, bodies and lines without an end

Without a name, all of them, in some minutes. Ends with 1 where a figure falls short.
"""

from __future__ import annotations

from eval.bench import measured

MODULES = {
    "door": "hostile.door",
}
"""The attacks, and the modules whose `figures` run them."""

if __name__ == "__main__":
    measured("make hostile", __doc__ or "", MODULES)

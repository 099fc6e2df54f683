"""Write the embedder's own weights in float32: what the training of the reader begins with.

    python -m eval.reader.encoder --out /tmp/reader/e5.safetensors

Needs the package that carries the weights, as `make install` brings it. Tensors have the names of a BERT of
Hugging Face; the words are unpacked from 4 bits.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from assistant.core.errors import EmbedderError
from assistant.embedding import packed, weights

WORDS = "embeddings.word_embeddings.weight"


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    found = weights.find_installed()
    if found is None:
        raise EmbedderError(f"The package {weights.PACKAGE} is not installed.")
    read = packed.read(found)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in read.tensors.items()}
    save_file(tensors | {WORDS: packed.unpack(read.words)}, arguments.out)


if __name__ == "__main__":
    main()

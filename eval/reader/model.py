"""The reader in PyTorch: layers of an encoder over its frozen word table, two logits over all tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEADS, WIDE = 384, 12, 1536
EPSILON = 1e-12
TASKS = ("answers", "supports")


class Layer(nn.Module):
    """One layer of BERT (Devlin et al., 2019), its norms after the sums."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.joined = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.wide = nn.Linear(WIDTH, WIDE)
        self.narrow = nn.Linear(WIDE, WIDTH)
        self.norms = nn.ModuleList([nn.LayerNorm(WIDTH, EPSILON) for _ in range(2)])
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        rows, length, _ = hidden.shape
        parts = self.joined(hidden).view(rows, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*parts, attn_mask=mask)
        mixed = self.out(mixed.transpose(1, 2).reshape(rows, length, WIDTH))
        hidden = self.norms[0](hidden + self.dropout(mixed))
        return self.norms[1](hidden + self.dropout(self.narrow(functional.gelu(self.wide(hidden)))))


class Reader(nn.Module):
    """Word ids [pairs, length] to two logits [pairs, 2]: answers, supports."""

    def __init__(self, layers: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(512, WIDTH))
        self.types = nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, EPSILON)
        self.layers = nn.ModuleList([Layer(dropout) for _ in range(layers)])
        self.head = nn.Linear(2 * WIDTH, len(TASKS))

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        """`words`: word vectors [pairs, length, 384] from the frozen table; `lengths`: their tokens."""
        length = words.shape[1]
        real = torch.arange(length) < lengths[:, None]
        mask = None if bool(real.all()) else real[:, None, None, :]
        hidden = self.norm(words + self.positions[:length] + self.types)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        mean = (hidden * real[:, :, None]).sum(1) / lengths[:, None]
        return self.head(torch.cat([hidden[:, 0], mean], 1))


def from_encoder(weights: Mapping[str, Tensor], chosen: Sequence[int], dropout: float = 0.1) -> Reader:
    """A reader that begins with the `chosen` layers of an encoder."""
    model = Reader(len(chosen), dropout)
    with torch.no_grad():
        model.positions.copy_(weights["embeddings.position_embeddings.weight"])
        model.types.copy_(weights["embeddings.token_type_embeddings.weight"][0])
        _copy(model.norm, weights, "embeddings.LayerNorm")
        for layer, number in zip(model.layers, chosen, strict=True):
            _fill(layer, weights, f"encoder.layer.{number}.")
        model.head.weight.normal_(0, 0.02)
        model.head.bias.zero_()
    return model


def _fill(layer: nn.Module, weights: Mapping[str, Tensor], at: str) -> None:
    assert isinstance(layer, Layer)
    parts = [f"{at}attention.self.{part}" for part in ("query", "key", "value")]
    layer.joined.weight.copy_(torch.cat([weights[f"{part}.weight"] for part in parts]))
    layer.joined.bias.copy_(torch.cat([weights[f"{part}.bias"] for part in parts]))
    _copy(layer.out, weights, f"{at}attention.output.dense")
    _copy(layer.wide, weights, f"{at}intermediate.dense")
    _copy(layer.narrow, weights, f"{at}output.dense")
    _copy(layer.norms[0], weights, f"{at}attention.output.LayerNorm")
    _copy(layer.norms[1], weights, f"{at}output.LayerNorm")


def _copy(module: nn.Module, weights: Mapping[str, Tensor], at: str) -> None:
    module.weight.copy_(weights[f"{at}.weight"])  # type: ignore[operator]
    module.bias.copy_(weights[f"{at}.bias"])  # type: ignore[operator]

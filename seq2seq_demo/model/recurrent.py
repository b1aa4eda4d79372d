"""The three recurrent cells behind one interface.

References:
    Elman 1990, https://doi.org/10.1207/s15516709cog1402_1
    Cho et al. 2014, https://aclanthology.org/D14-1179 (GRU; PyTorch applies the reset gate after the matrix product)
    Hochreiter and Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from seq2seq_demo.config import Cell

CellState = tuple[Tensor, ...]
"""State of one layer: ``(hidden,)``, or ``(hidden, cell)`` for a LSTM, each (batch, size)."""


@dataclass(frozen=True, eq=False)
class LayerExplanation:
    """One layer in one step; see `equations` for what is computed."""

    inputs: Tensor
    """(rows, input_size)."""
    before: CellState
    """State that the step starts from."""
    gates: Mapping[str, Tensor]
    """What the cell computes on the way, each (rows, hidden_size): of a LSTM ``input``, ``forget``, ``candidate``,
    ``output``; of a GRU ``reset``, ``update``, ``candidate``; of an Elman network ``sum``, before its tanh."""
    after: CellState
    """State that the step leaves."""


class RecurrentLayer(nn.Module):
    """One layer in one direction; runs whole sequences through PyTorch's fused kernels."""

    def __init__(self, cell: Cell, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        kinds: dict[Cell, Callable[..., nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
        self.rnn = kinds[cell](input_size, hidden_size, batch_first=True)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        # An orthogonal recurrence keeps the gradient's norm over many steps (Saxe et al. 2014); a forget gate that
        # starts open does the same for the LSTM (Jozefowicz et al. 2015).
        input_weight, recurrent_weight, input_bias, recurrent_bias = (weight.data for weight in self.weights)
        for block in recurrent_weight.split(self.hidden_size):
            nn.init.orthogonal_(block)
        for block in input_weight.split(self.hidden_size):
            nn.init.xavier_uniform_(block)
        nn.init.zeros_(input_bias)
        nn.init.zeros_(recurrent_bias)
        if self.cell == "lstm":
            nn.init.ones_(input_bias[self.hidden_size : 2 * self.hidden_size])

    def scale_input_weights(self, size: int, factor: float) -> None:
        """Multiply the weights of the first `size` inputs."""
        with torch.no_grad():
            self.weights[0][:, :size] *= factor

    @property
    def weights(self) -> list[nn.Parameter]:
        """Input weight, recurrent weight, input bias and recurrent bias, in PyTorch's order of gates."""
        return self.rnn.all_weights[0]

    def forward(self, inputs: Tensor, state: CellState | None = None) -> tuple[Tensor, CellState]:
        """Run over a sequence.

        Args:
            inputs: (batch, length, input_size).
            state: Initial state, each part (batch, hidden_size); None starts from zeros.

        Returns:
            outputs: (batch, length, hidden_size).
            state: After the last position, padding included.
        """
        initial = None if state is None else tuple(part.unsqueeze(0).contiguous() for part in state)
        if self.cell == "lstm":
            outputs, (hidden, cell) = self.rnn(inputs, initial)
            return outputs, (hidden.squeeze(0), cell.squeeze(0))
        outputs, hidden = self.rnn(inputs, None if initial is None else initial[0])
        return outputs, (hidden.squeeze(0),)

    def step(self, inputs: Tensor, state: CellState) -> CellState:
        """Advance by one position: inputs (batch, input_size) and a state to the next state.

        Computes what `forward` computes for a sequence of one, without the fused kernel's set-up.
        """
        if self.cell == "lstm":
            return torch.lstm_cell(inputs, list(state), *self.weights)
        function = torch.gru_cell if self.cell == "gru" else torch.rnn_tanh_cell
        return (function(inputs, state[0], *self.weights),)

    def explain(self, inputs: Tensor, state: CellState) -> LayerExplanation:
        """Advance by one position like `step`, gate by gate."""
        input_weight, recurrent_weight, input_bias, recurrent_bias = self.weights
        from_input = nn.functional.linear(inputs, input_weight, input_bias)
        from_hidden = nn.functional.linear(state[0], recurrent_weight, recurrent_bias)
        gates: dict[str, Tensor]
        after: CellState
        if self.cell == "lstm":
            gates, after = _lstm(from_input + from_hidden, state[1])
        elif self.cell == "gru":
            gates, after = _gru(from_input, from_hidden, state[0])
        else:
            gates = {"sum": from_input + from_hidden}
            after = (torch.tanh(gates["sum"]),)
        return LayerExplanation(inputs, state, gates, after)


def _lstm(sums: Tensor, cell: Tensor) -> tuple[dict[str, Tensor], CellState]:
    """Gates and next state from the sums before the gates, (batch, 4 × size), in PyTorch's order."""
    first, forget, candidate, output = sums.chunk(4, dim=-1)
    gates = {
        "input": torch.sigmoid(first),
        "forget": torch.sigmoid(forget),
        "candidate": torch.tanh(candidate),
        "output": torch.sigmoid(output),
    }
    new_cell = gates["forget"] * cell + gates["input"] * gates["candidate"]
    return gates, (gates["output"] * torch.tanh(new_cell), new_cell)


def _gru(from_input: Tensor, from_hidden: Tensor, hidden: Tensor) -> tuple[dict[str, Tensor], CellState]:
    """Gates and next state from both products, (batch, 3 × size), in PyTorch's order."""
    inputs, recurrent = from_input.chunk(3, dim=-1), from_hidden.chunk(3, dim=-1)
    reset, update = (torch.sigmoid(one + other) for one, other in zip(inputs[:2], recurrent[:2], strict=True))
    candidate = torch.tanh(inputs[2] + reset * recurrent[2])
    gates = {"reset": reset, "update": update, "candidate": candidate}
    return gates, ((1 - update) * candidate + update * hidden,)


def stack(cell: Cell, input_sizes: Sequence[int], hidden_size: int) -> Sequence[RecurrentLayer]:
    """Make one layer for each input size, bottom first, as a registered list."""
    # Typed as what it holds: to a type checker a ModuleList holds plain modules.
    return cast(
        Sequence[RecurrentLayer], nn.ModuleList(RecurrentLayer(cell, size, hidden_size) for size in input_sizes)
    )

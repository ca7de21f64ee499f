"""PyTorch's modules of gated units, the peers of ours."""

from __future__ import annotations

import torch

CELLS = {"gru": torch.nn.GRUCell, "lstm": torch.nn.LSTMCell}


def module_of(architecture: str, named: dict[str, torch.Tensor]) -> torch.nn.RNNCellBase:
    """GRUCell or LSTMCell with our weights; its second bias is 0 but for the third gate of GRUCell."""
    n_inputs, n_units = named["input"].shape[-1], named["recurrent"].shape[-1]
    module = CELLS[architecture](n_inputs, n_units, dtype=named["input"].dtype)
    with torch.no_grad():
        module.weight_ih.copy_(named["input"])
        module.weight_hh.copy_(named["recurrent"])
        module.bias_ih.copy_(named["bias"])
        module.bias_hh.zero_()
        if architecture == "gru":
            module.bias_hh[2 * n_units :] = named["recurrent_bias"]
    return module

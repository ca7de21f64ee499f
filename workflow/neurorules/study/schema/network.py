"""Options for the network before training."""

from __future__ import annotations

from typing import Literal

from neurorules.study.schema.fields import Group, Number, option


class Network(Group):
    """The network before training."""

    units: int = option(200, "number of units N", source="A.3; companion: 64", at_least=1, at_most=100_000)
    architecture: Literal["leaky", "leaky_learned_tau", "gru", "lstm"] = option(
        "leaky",
        "the units: `leaky` rate units, leaky units that learn their time constants (`leaky_learned_tau`), gated "
        "recurrent units (`gru`), or long short-term memory (`lstm`). Gated units need `activation: tanh` and "
        "`tau_steps: 1`; see [Architectures](../architectures.md)",
        source="ours; the papers: leaky",
    )
    activation: Literal["retanh", "relu", "tanh"] = option(
        "retanh", "f; retanh is max(tanh a, 0)", source="section 3.1; companion: relu"
    )
    tau_steps: Number = option(
        10,
        "time constant of the units",
        unit="steps",
        source="code; Schuessler 2020: 2; ours in `2af` and `dms`, 200 ms",
        at_least=1,
    )
    noise_sd: Number = option(
        0.1,
        "SD of the noise added to each h_t in training; never in scoring",
        source="A.3; code: 0 in `hatsopoulos2007`; companion: not given",
        at_least=0,
    )
    gain: Number = option(1.0, "g, scales the initial recurrent weights", source="A.3, Figure 2, Table 1", at_least=0)
    recurrent_scale: Number = option(
        1.0,
        "second scale of the initial recurrent weights: W_h is drawn from N(0, (`gain` x `recurrent_scale`)^2 / N)",
        source="A.3: 1; code: 1.5",
        at_least=0,
    )
    input_init: Literal["linear", "normal"] = option(
        "linear",
        "initial W_x for n inputs. `linear`: uniform within +-1/sqrt(n), as in PyTorch's Linear; `normal`: N(0, 1/n). "
        "W_y is always uniform within +-1/sqrt(N)",
        source="A.3: linear; code: normal",
    )
    bias_init: Literal["linear", "zero"] = option(
        "linear",
        "initial biases. `linear`: uniform within +-1/sqrt(n), readout biases within +-1/sqrt(N)",
        source="A.3: linear; code: zero",
    )
    gain_scales_readout: bool = option(
        False,
        "`gain` also scales the initial readout weights",
        source="code: false; older code and Figure 2: true",
    )
    dale: bool = option(
        False,
        "Dale's law: the first 80% of the units are excitatory, the others inhibitory, and no unit connects to "
        "itself. Training changes theta, and W_h = abs(theta) x sign. Initial excitatory weights are divided by N_E / "
        "N_I. `gain` must be above 0",
        source="Figure 7B; code",
    )
    density: Number = option(
        1.0,
        "probability that a recurrent weight exists; all others are always 0. Initial weights are divided by "
        "sqrt(`density`)",
        source="A.3 and Figure 1: 0.25 in `sussillo2015`",
        above=0,
        at_most=1,
    )
    cell_types_per_sign: int = option(
        0,
        "number of cell types among the excitatory units and among the inhibitory units, in blocks of equal size; "
        "0 for none. Needs `dale`",
        source="code: 8 with ReLU under Dale's law",
        at_least=0,
    )
    cell_type_density: Number = option(
        1.0,
        "probability that one cell type connects to another; either all of its weights exist or none",
        source="code: 0.5 with ReLU under Dale's law",
        above=0,
        at_most=1,
    )
    unit_row_sum: bool = option(
        False,
        "scale the initial weights onto each unit so that their absolute values sum to 1, which cancels `gain`. "
        "Needs `dale` or a `density` below 1",
        source="code: true with ReLU under Dale's law",
    )

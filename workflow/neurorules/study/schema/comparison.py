"""Options of the comparison with a recording, and of what else is measured in trained networks."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from neurorules.study.schema.fields import (
    NO_DEFAULT,
    Counts,
    Different,
    Group,
    Names,
    NotNegative,
    Number,
    Or,
    OrText,
    Share,
    SomeItems,
    Text,
    option,
)


class LabelSource(Group):
    """Where a label of test trials is in the recording, and what its values are there."""

    label: Text = option(NO_DEFAULT, "its name in the recording", default_in_words="that of the task's label")
    unit: Literal["degree", "radian"] = option(
        NO_DEFAULT, "unit of an angle in the recording", default_in_words="`degree`"
    )
    scale: Annotated[Number, Field(gt=0)] = option(
        NO_DEFAULT, "the task's value is the recording's times this", default_in_words="1"
    )
    values: dict[Text, Any] = option(
        NO_DEFAULT,
        "the task's value for each value of the recording; numbers of the recording are keys in quotes",
        default_in_words="the same",
    )


class Comparison(Group):
    """How the network is compared with the recording."""

    recording: Annotated[str, Or(None)] = option(
        NO_DEFAULT,
        "what the model is compared with. Without one, only `learning_curves`, `model_distances`, `slow_bptt` and "
        "`companion_fig1` to `companion_fig5` show it",
        type_in_words="name in `recordings`, or null",
        default_in_words="none: each task names its own",
    )
    onset_step: int = option(
        NO_DEFAULT,
        "test step that is taken for the recording's movement onset, or other event; for reaches, and for Neurogym's "
        "environments, which without it are compared from the first step to the last. In the tasks' own targets onset "
        "falls on step 153, 133 and 153. The distance depends on it",
        unit="steps",
        source="code",
        default_in_words="none",
        at_least=0,
    )
    conditions: Literal["all", "shared"] = option(
        NO_DEFAULT,
        "`all`: recording and task have the same conditions, else it is an error. `shared`: those that only one of "
        "them has are left out, and figures say how many",
        source="ours",
        default_in_words="`all`",
    )
    labels: dict[Text, Annotated[LabelSource, OrText()]] = option(
        NO_DEFAULT,
        "what the recording calls the labels of the task's test trials (`make trials` prints these), as `angle_deg: "
        "target_dir`, or with what its values are: `angle_deg: {label: target_dir, unit: radian}`, `context: {label: "
        "rule, values: {motion: 1, colour: -1}}`",
        source="ours",
        type_in_words="dict of [labels](#labels), or of their names in the recording",
        default_in_words="the recording calls them as the task does",
    )
    measures: Names = option(
        ["procrustes", "cca", "cka", "cka_debiased", "cross_validated"],
        "how networks are compared with recordings; figures show `procrustes` unless they say otherwise",
        source="A.3, Table 2; the last two ours",
        type_in_words="list of [measures](catalogue.md#measures)",
    )
    noise_floor_repeats: int = option(
        200,
        "random splits of the neurons for Figure 5 and Table 3",
        source="A.3 has splits, no number: ours",
        at_least=1,
    )
    condition_shuffles: int = option(
        10,
        "random orders of a network's conditions, none in its own place, that the baseline of shuffled conditions is "
        "the mean over",
        source="ours",
        at_least=1,
    )
    neuron_resamples: int = option(
        200,
        "resamples of the neurons, with replacement, for intervals over neurons and seeds",
        source="ours",
        at_least=2,
    )
    neuron_resample_accuracies: Annotated[list[Share], Different] = option(
        [0.9, 0.8],
        "the same: accuracies at which distances are resampled, beside the first and the last checkpoint",
        source="ours",
    )
    dsa_n_delays: Counts = option(
        [5, 10, 15, 20],
        "dynamical similarity: delays of the embedding. Those for which a recording has too few times are left out",
        source="A.3",
    )
    dsa_ranks: Counts = option([10, 20, 30, 40], "the same: ranks of the linear maps", source="A.3")
    dsa_scores: Annotated[list[Literal["wasserstein", "angular"]], SomeItems, Different] = option(
        ["wasserstein", "angular"],
        "the same: the stable score, and the published one, which is given for the last checkpoint only",
        source="ours; A.3",
    )
    dsa_checkpoints: int = option(
        12, "the same: number of checkpoints, the first and the last included", source="ours", at_least=2
    )
    dsa_restarts: int = option(
        3, "the same: descents of the angular score, of which the smallest angle counts", source="ours", at_least=1
    )
    alignment_stride_steps: int = option(
        5,
        "distance between the onset steps of the figure `alignment`",
        unit="steps",
        source="ours",
        at_least=1,
    )
    specification_onset_steps: Annotated[list[Annotated[int, Field(ge=0)]], Different] = option(
        [],
        "further onset steps over which `multiverse`, and the column `robust` of `claims`, decide claims on distance, "
        "beside the one that the study compares with; for reaches only",
        unit="steps",
        source="ours",
    )
    specification_measures: Names = option(
        ["procrustes", "cca", "cka"],
        "the same: measures",
        source="Tables 1 and 2",
        type_in_words="list of [measures](catalogue.md#measures)",
    )
    specification_splits: int = option(
        5,
        "the same: random halves of the neurons",
        source="ours",
        at_least=1,
    )
    snapshot_accuracies: Annotated[list[Share], SomeItems, Different] = option(
        [0.8, 0.6, 0.4],
        "accuracies at which Figure 6 compares networks, beside the best that e-prop comes to",
        source="Figure 6",
    )
    snapshot_trials: int = option(
        1000, "random trials that accuracy is measured on for Figure 6", source="code", at_least=1
    )
    trial_averaging_counts: Counts = option([1, 5, 10, 15, 20], "trials averaged in Table 4", source="Table 4")
    trial_averaging_repeats: int = option(50, "random draws of trials for Table 4", source="ours", at_least=1)
    recovery_measures: Annotated[list[Literal["procrustes", "cca", "cka", "dsa"]], SomeItems, Different] = option(
        ["procrustes", "cca", "cka", "dsa"],
        "figure `recovery`, networks in place of the recording: measures; `dsa` by its Wasserstein score",
        source="ours",
    )
    recovery_neurons: Annotated[Counts, Or(None)] = option(
        None,
        "the same: neurons of the pseudo-recordings, beside as many as were recorded",
        source="ours",
        default_in_words="a quarter, half and twice as many as were recorded",
    )
    recovery_trials: Counts = option(
        [1, 5, 20, 200], "the same: trials per condition, beside as many as were recorded", source="ours"
    )
    recovery_trials_per_condition: int = option(
        49,
        "the same: trials per condition of a recording without single trials. In the processed Hatsopoulos 2007, a "
        "lone spike is 1/41 to 1/61 as high as in one trial, by condition: 41 to 61 trials, 49 on average",
        source="ours",
        at_least=1,
    )
    recovery_smoothing_sd_ms: Annotated[NotNegative, Or(None)] = option(
        None,
        "the same: SD of the Gaussian that rates are smoothed with; 0 for none",
        unit="ms",
        source="ours",
        default_in_words="what the recording says: 25 ms in Hatsopoulos 2007, else none",
    )
    recovery_levels: Annotated[list[Share], SomeItems, Different] = option(
        [0.4, 0.6, 0.8, 0.9],
        "the same: normalized accuracies at which networks are compared, beside the end of training. An accuracy that "
        "guessing reaches says nothing",
        source="ours",
    )
    recovery_draws: int = option(
        3, "the same: pseudo-recordings of each network; they are averaged", source="ours", at_least=1
    )
    recovery_dsa_n_delays: int = option(
        10,
        "the same: delays of dynamical similarity, which is left out where the recording has too few times",
        source="ours",
        at_least=1,
    )
    recovery_dsa_rank: int = option(10, "the same: rank of the linear maps", source="ours", at_least=1)
    lyapunov_exponents: int = option(
        10,
        "how many Lyapunov exponents are measured, the largest; 0 means all, one for each unit. Tables have them per "
        "time constant: `tau_steps` times those per step",
        source="ours",
        at_least=0,
    )
    lyapunov_passes: int = option(
        10,
        "batches of 8 trials that they are averaged over, after two that are not counted",
        source="ours",
        at_least=1,
    )

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
        NO_DEFAULT, "factor from the recording's value to the task's", default_in_words="1"
    )
    values: dict[Text, Any] = option(
        NO_DEFAULT,
        "the task's value for each value of the recording; write numbers of the recording as keys in quotes",
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
        "test step that counts as the recording's movement onset or other event, for reaches and for Neurogym's "
        "environments. Without it, the latter are compared from the first step to the last. In the tasks' own "
        "targets, onset falls on steps 153, 133 and 153. The distance depends on it",
        unit="steps",
        source="code",
        default_in_words="none",
        at_least=0,
    )
    conditions: Literal["all", "shared"] = option(
        NO_DEFAULT,
        "`all`: recording and task must have the same conditions. `shared`: conditions that only one of them has "
        "are left out, and figures state how many",
        source="ours",
        default_in_words="`all`",
    )
    labels: dict[Text, Annotated[LabelSource, OrText()]] = option(
        NO_DEFAULT,
        "what the recording calls the labels of the task's test trials (`make trials` prints these): `angle_deg: "
        "target_dir`; or with the meaning of its values: `angle_deg: {label: target_dir, unit: radian}`, `context: "
        "{label: rule, values: {motion: 1, colour: -1}}`",
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
    rsa_dissimilarity: Literal["squared_euclidean", "correlation"] = option(
        "squared_euclidean",
        "measure `rsa`: dissimilarity of two samples; `correlation` is 1 - their correlation over features",
        source="ours",
    )
    rsa_comparison: Literal["spearman", "kendall_tau_a", "cosine"] = option(
        "spearman",
        "measure `rsa`: how the dissimilarities of the two representations are compared",
        source="ours",
    )
    noise_floor_repeats: int = option(
        200,
        "random splits of the neurons for Figure 5 and Table 3",
        source="A.3 has splits, no number: ours",
        at_least=1,
    )
    condition_shuffles: int = option(
        10,
        "random orders of a network's conditions, with none in its own place, over which the baseline of shuffled "
        "conditions is averaged",
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
        "accuracies at which distances are resampled, in addition to the first and the last checkpoint",
        source="ours",
    )
    dsa_n_delays: Counts = option(
        [5, 10, 15, 20],
        "dynamical similarity: delays of the embedding. Those for which a recording has too few times are left out",
        source="A.3",
    )
    dsa_ranks: Counts = option([10, 20, 30, 40], "dynamical similarity: ranks of the linear maps", source="A.3")
    dsa_scores: Annotated[list[Literal["wasserstein", "angular"]], SomeItems, Different] = option(
        ["wasserstein", "angular"],
        "dynamical similarity: the stable score, and the published one, which is given for the last checkpoint only",
        source="ours; A.3",
    )
    dsa_checkpoints: int = option(
        12, "dynamical similarity: number of checkpoints, including the first and the last", source="ours", at_least=2
    )
    dsa_restarts: int = option(
        3, "dynamical similarity: descents of the angular score; the smallest angle counts", source="ours", at_least=1
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
        "further onset steps for which `multiverse`, and the column `robust` of `claims`, decide claims about "
        "distance, in addition to the study's own; for reaches only",
        unit="steps",
        source="ours",
    )
    specification_measures: Names = option(
        ["procrustes", "cca", "cka"],
        "measures for which they decide these claims",
        source="Tables 1 and 2",
        type_in_words="list of [measures](catalogue.md#measures)",
    )
    specification_splits: int = option(
        5,
        "random halves of the neurons for which they decide these claims",
        source="ours",
        at_least=1,
    )
    snapshot_accuracies: Annotated[list[Share], SomeItems, Different] = option(
        [0.8, 0.6, 0.4],
        "accuracies at which Figure 6 compares networks, in addition to the best that e-prop reaches",
        source="Figure 6",
    )
    snapshot_trials: int = option(
        1000, "random trials on which accuracy is measured for Figure 6", source="code", at_least=1
    )
    trial_averaging_counts: Counts = option([1, 5, 10, 15, 20], "trials averaged in Table 4", source="Table 4")
    trial_averaging_repeats: int = option(50, "random draws of trials for Table 4", source="ours", at_least=1)
    recovery_measures: Annotated[list[Literal["procrustes", "cca", "cka", "dsa"]], SomeItems, Different] = option(
        ["procrustes", "cca", "cka", "dsa"],
        "measures of the figure `recovery`, which puts networks in place of the recording; `dsa` uses its "
        "Wasserstein score",
        source="ours",
    )
    recovery_neurons: Annotated[Counts, Or(None)] = option(
        None,
        "`recovery`: neurons of the pseudo-recordings, in addition to as many as were recorded",
        source="ours",
        default_in_words="a quarter, half and twice as many as were recorded",
    )
    recovery_trials: Counts = option(
        [1, 5, 20, 200], "`recovery`: trials per condition, in addition to as many as were recorded", source="ours"
    )
    recovery_trials_per_condition: int = option(
        49,
        "`recovery`: trials per condition of a recording without single trials. In the processed Hatsopoulos 2007, "
        "a lone spike is 1/41 to 1/61 as high as in one trial, depending on the condition: 41 to 61 trials, 49 on "
        "average",
        source="ours",
        at_least=1,
    )
    recovery_smoothing_sd_ms: Annotated[NotNegative, Or(None)] = option(
        None,
        "`recovery`: SD of the Gaussian with which rates are smoothed; 0 for none",
        unit="ms",
        source="ours",
        default_in_words="what the recording says: 25 ms in Hatsopoulos 2007, else none",
    )
    recovery_levels: Annotated[list[Share], SomeItems, Different] = option(
        [0.4, 0.6, 0.8, 0.9],
        "`recovery`: normalized accuracies at which networks are compared, in addition to the end of training. An "
        "accuracy that guessing reaches is not informative",
        source="ours",
    )
    recovery_draws: int = option(
        3, "`recovery`: pseudo-recordings of each network, which are averaged", source="ours", at_least=1
    )
    recovery_dsa_n_delays: int = option(
        10,
        "`recovery`: delays for dynamical similarity, which is left out if the recording has too few times",
        source="ours",
        at_least=1,
    )
    recovery_dsa_rank: int = option(
        10, "`recovery`: rank of the linear maps for dynamical similarity", source="ours", at_least=1
    )
    lyapunov_exponents: int = option(
        10,
        "number of largest Lyapunov exponents that are measured; 0 means all, one per unit. Tables give them per "
        "time constant: `tau_steps` times those per step",
        source="ours",
        at_least=0,
    )
    lyapunov_passes: int = option(
        10,
        "batches of 8 trials over which they are averaged, after two that are not counted",
        source="ours",
        at_least=1,
    )

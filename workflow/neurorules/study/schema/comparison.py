"""Options for the comparison with a recording, and for other measurements of trained networks."""

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
    """How the recording stores a label of the test trials."""

    label: Text = option(NO_DEFAULT, "name of the label in the recording", default_in_words="same as the task's label")
    unit: Literal["degree", "radian"] = option(
        NO_DEFAULT, "unit of an angle in the recording", default_in_words="`degree`"
    )
    scale: Annotated[Number, Field(gt=0)] = option(
        NO_DEFAULT, "factor that converts the recording's value to the task's", default_in_words="1"
    )
    values: dict[Text, Any] = option(
        NO_DEFAULT,
        "the task's value for each value in the recording. If the recording's values are numbers, quote these keys",
        default_in_words="same values",
    )


class Comparison(Group):
    """How the network is compared with the recording."""

    recording: Annotated[str, Or(None)] = option(
        NO_DEFAULT,
        "recording that the model is compared with. Without one, only `learning_curves`, `model_distances`, "
        "`slow_bptt` and `companion_fig1` to `companion_fig5` can show the model",
        type_in_words="name in `recordings`, or null",
        default_in_words="none; each task sets its own",
    )
    onset_step: int = option(
        NO_DEFAULT,
        "test step aligned with the recording's movement onset or other event, for reaches and Neurogym environments. "
        "Without it, Neurogym environments are compared over all steps. In the reaching tasks' own targets, onset is "
        "at steps 153, 133 and 153. The distance depends on this choice",
        unit="steps",
        source="code",
        default_in_words="none",
        at_least=0,
    )
    conditions: Literal["all", "shared"] = option(
        NO_DEFAULT,
        "`all`: recording and task must have the same conditions. `shared`: conditions that only one of them has are "
        "left out, and figures state how many there are",
        source="ours",
        default_in_words="`all`",
    )
    labels: dict[Text, Annotated[LabelSource, OrText()]] = option(
        NO_DEFAULT,
        "the recording's names for the labels of the task's test trials (`make trials` prints the labels), such as "
        "`angle_deg: target_dir`. To convert values as well: `angle_deg: {label: target_dir, unit: radian}` or "
        "`context: {label: rule, values: {motion: 1, colour: -1}}`",
        source="ours",
        type_in_words="dict of [labels](#labels), or of their names in the recording",
        default_in_words="same names as in the task",
    )
    measures: Names = option(
        ["procrustes", "cca", "cka", "cka_debiased", "cross_validated"],
        "measures for comparing networks with recordings. Figures show `procrustes` unless they state another measure",
        source="A.3, Table 2; the last two are ours",
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
        source="A.3 gives no number; ours",
        at_least=1,
    )
    condition_shuffles: int = option(
        10,
        "random permutations of a network's conditions over which the shuffled-conditions baseline is averaged. No "
        "condition keeps its place",
        source="ours",
        at_least=1,
    )
    neuron_resamples: int = option(
        200,
        "bootstrap resamples of the neurons, for intervals over neurons and seeds",
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
        "dynamical similarity: numbers of delays in the embedding. Numbers too large for a recording's time points "
        "are left out",
        source="A.3",
    )
    dsa_ranks: Counts = option([10, 20, 30, 40], "dynamical similarity: ranks of the linear maps", source="A.3")
    dsa_choice: Literal["all", "prediction_error", "aic"] = option(
        "all",
        "table `dsa`: which of these numbers of delays and ranks are used. `all`: every combination. "
        "`prediction_error`, `aic`: the one combination that predicts held-out conditions of the recording best, by "
        "its error or by AIC",
        source="ours",
    )
    dsa_scores: Annotated[list[Literal["wasserstein", "angular", "input"]], SomeItems, Different] = option(
        ["wasserstein", "angular"],
        "dynamical similarity: `wasserstein` is the stable score, `angular` the published one, which is computed for "
        "the last checkpoint only. `input` fits the task's inputs as well; it needs inputs that vary in the compared "
        "window",
        source="ours; A.3",
    )
    dsa_checkpoints: int = option(
        12, "dynamical similarity: number of checkpoints, including the first and the last", source="ours", at_least=2
    )
    dsa_restarts: int = option(
        3,
        "dynamical similarity: restarts of the optimisation of the angular score; the smallest angle is kept",
        source="ours",
        at_least=1,
    )
    alignment_stride_steps: int = option(
        5,
        "spacing of the onset steps in the figure `alignment`",
        unit="steps",
        source="ours",
        at_least=1,
    )
    specification_onset_steps: Annotated[list[Annotated[int, Field(ge=0)]], Different] = option(
        [],
        "onset steps, in addition to the study's own, for which `multiverse` and the column `robust` of `claims` test "
        "claims about distance. For reaches only",
        unit="steps",
        source="ours",
    )
    specification_measures: Names = option(
        ["procrustes", "cca", "cka"],
        "measures with which `multiverse` and `robust` test these claims",
        source="Tables 1 and 2",
        type_in_words="list of [measures](catalogue.md#measures)",
    )
    specification_splits: int = option(
        5,
        "random halves of the neurons with which `multiverse` and `robust` test these claims",
        source="ours",
        at_least=1,
    )
    snapshot_accuracies: Annotated[list[Share], SomeItems, Different] = option(
        [0.8, 0.6, 0.4],
        "accuracies at which Figure 6 compares networks, in addition to the best accuracy that e-prop reaches",
        source="Figure 6",
    )
    snapshot_trials: int = option(
        1000, "random trials used to measure accuracy for Figure 6", source="code", at_least=1
    )
    trial_averaging_counts: Counts = option([1, 5, 10, 15, 20], "trials averaged in Table 4", source="Table 4")
    trial_averaging_repeats: int = option(50, "random draws of trials for Table 4", source="ours", at_least=1)
    recovery_measures: Annotated[list[Literal["procrustes", "cca", "cka", "dsa"]], SomeItems, Different] = option(
        ["procrustes", "cca", "cka", "dsa"],
        "measures in the figure `recovery`, which uses networks in place of the recording. `dsa` is its Wasserstein "
        "score",
        source="ours",
    )
    recovery_neurons: Annotated[Counts, Or(None)] = option(
        None,
        "`recovery`: numbers of neurons in the pseudo-recordings, in addition to the number recorded",
        source="ours",
        default_in_words="a quarter, half and twice the number recorded",
    )
    recovery_trials: Counts = option(
        [1, 5, 20, 200],
        "`recovery`: numbers of trials per condition, in addition to the number recorded",
        source="ours",
    )
    recovery_trials_per_condition: int = option(
        49,
        "`recovery`: trials per condition of a recording without single trials. In the processed Hatsopoulos 2007 "
        "recording, a single spike has 1/41 to 1/61 of its height in one trial, which implies 41 to 61 trials per "
        "condition, 49 on average",
        source="ours",
        at_least=1,
    )
    recovery_smoothing_sd_ms: Annotated[NotNegative, Or(None)] = option(
        None,
        "`recovery`: SD of the Gaussian that smooths the rates; 0 for no smoothing",
        unit="ms",
        source="ours",
        default_in_words="as in the recording: 25 ms in Hatsopoulos 2007, otherwise none",
    )
    recovery_levels: Annotated[list[Share], SomeItems, Different] = option(
        [0.4, 0.6, 0.8, 0.9],
        "`recovery`: normalized accuracies at which networks are compared, in addition to the end of training. "
        "Accuracies at or below chance are not informative",
        source="ours",
    )
    recovery_draws: int = option(
        3, "`recovery`: pseudo-recordings per network, which are averaged", source="ours", at_least=1
    )
    recovery_dsa_n_delays: int = option(
        10,
        "`recovery`: delays for dynamical similarity, which is left out if the recording has too few time points",
        source="ours",
        at_least=1,
    )
    recovery_dsa_rank: int = option(
        10, "`recovery`: rank of the linear maps for dynamical similarity", source="ours", at_least=1
    )
    learning_resamples: int = option(
        500,
        "`during_learning`: random halves of the recorded samples, for intervals and controls",
        source="ours",
        at_least=2,
    )
    stochastic_alphas: Annotated[list[Annotated[float, Field(ge=0, le=2)]], SomeItems, Different] = option(
        [0.0, 1.0],
        "stochastic shape distance: weights of the noise covariances. `0` compares means only (Procrustes), `1` is the "
        "2-Wasserstein distance, `2` compares covariances only. The paper and netrep call 2 minus this weight alpha",
        source="Duong et al. 2023",
        type_in_words="list of numbers from 0 to 2",
    )
    stochastic_components: Annotated[int, Field(ge=1), Or(None)] = option(
        10,
        "stochastic shape distance: number of principal components that each response is reduced to, because "
        "covariances of many neurons cannot be estimated from few trials; null for all neurons and units",
        source="ours",
        type_in_words="integer, 1 or more, or null",
    )
    stochastic_bins: Annotated[int, Field(ge=1), Or(None)] = option(
        8,
        "stochastic shape distance: number of time bins that are compared, evenly spaced; null for all",
        source="ours",
        type_in_words="integer, 1 or more, or null",
    )
    stochastic_repeats: int = option(
        10, "stochastic shape distance: random halves of the recording's trials", source="ours", at_least=1
    )
    lyapunov_exponents: int = option(
        10,
        "number of largest Lyapunov exponents to measure; 0 means all, one per unit. Tables give exponents per time "
        "constant, which are `tau_steps` times those per step",
        source="ours",
        at_least=0,
    )
    lyapunov_passes: int = option(
        10,
        "batches of 8 trials over which Lyapunov exponents are averaged, after two discarded batches",
        source="ours",
        at_least=1,
    )

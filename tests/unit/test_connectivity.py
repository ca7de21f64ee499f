"""Constraints on recurrent weights: Dale's law, sparsity, blocks of cell types, and how weights begin under them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from helpers.options import network_options

from neurorules.errors import InputError
from neurorules.network import connectivity
from neurorules.network.connectivity import Connectivity, cell_types, constrain, draw_mask, make_connectivity, signs
from neurorules.network.initialisation import initialise
from neurorules.network.parameters import Parameters, Sizes
from neurorules.options import Options

DALE = {"dale": True}
SPARSE = {"density": 0.25}
DALE_RELU = {"dale": True, "cell_types_per_sign": 8, "cell_type_density": 0.5, "unit_row_sum": True}


def options_of(**options) -> Options:
    return network_options(**{"units": 200, **options})


def mask_of(units: int = 200, seed: int = 0, **options) -> np.ndarray:
    mask = draw_mask(units, options_of(**options), np.random.default_rng(seed))
    assert mask is not None
    return mask


def recurrent_of(units: int = 200, seed: int = 0, **options) -> np.ndarray:
    """Initial theta as training makes it, in float64."""
    options = options_of(**options)
    mask = draw_mask(units, options, np.random.default_rng(1000 + seed))
    sizes = Sizes(inputs=2, units=units, outputs=2)
    return initialise(sizes, options, np.random.default_rng(seed), mask, dtype=torch.float64).recurrent.numpy()


def assert_fraction(kept: np.ndarray, probability: float) -> None:
    """Within 5.5 standard deviations of a binomial fraction: chance fails 4 times in 10^8."""
    assert abs(kept.mean() - probability) < 5.5 * np.sqrt(probability * (1 - probability) / kept.size)


# ---- who is excitatory, and of which type


@pytest.mark.parametrize("units, excitatory", [(2, 1), (5, 4), (7, 5), (64, 51), (200, 160), (400, 320)])
def test_the_first_eighty_percent_are_excitatory_rounded_down(units: int, excitatory: int) -> None:
    np.testing.assert_array_equal(signs(units), [1.0] * excitatory + [-1.0] * (units - excitatory))


def test_eighty_percent_of_any_number_is_not_lost_to_rounding() -> None:
    assert all(connectivity.n_excitatory(units) == 4 * units // 5 for units in range(1, 2001))


def test_cell_types_are_equal_blocks() -> None:
    """The sizes of the papers: 160 + 40 and 320 + 80 units, 8 + 8 types."""
    for units in (200, 400):
        types = cell_types(units, 8)
        expected = np.concatenate([np.repeat(np.arange(8), units // 10), np.repeat(np.arange(8, 16), units // 40)])
        np.testing.assert_array_equal(types, expected)


def test_units_left_over_belong_to_the_last_type_of_their_sign() -> None:
    """13 units: 10 excitatory ones as 3 + 3 + 4, 3 inhibitory ones as 1 + 1 + 1; with 2 types 5 + 5 and 1 + 2."""
    np.testing.assert_array_equal(cell_types(13, 3), [0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 4, 5])
    np.testing.assert_array_equal(cell_types(13, 2), [0] * 5 + [1] * 5 + [2, 3, 3])


def test_more_types_than_units_are_refused() -> None:
    cell_types(40, 8)
    with pytest.raises(InputError) as caught:
        cell_types(39, 9)  # 31 + 8
    assert caught.value.key == "network.cell_types_per_sign" and caught.value.value == 9
    assert "8 of 39 units are inhibitory" in str(caught.value)


# ---- masks


def test_nothing_is_masked_where_nothing_is_constrained() -> None:
    assert draw_mask(20, options_of(), np.random.default_rng(0)) is None


def test_sparse_masks_keep_their_fraction_the_diagonal_too() -> None:
    masks = np.stack([mask_of(seed=seed, **SPARSE) for seed in range(20)])
    assert set(np.unique(masks)) == {0.0, 1.0}
    assert_fraction(masks, 0.25)
    assert_fraction(np.diagonal(masks, axis1=1, axis2=2), 0.25)


@pytest.mark.parametrize("options", [DALE, {**DALE, **SPARSE}, DALE_RELU, {**DALE_RELU, **SPARSE}])
def test_dales_law_gives_columns_their_sign_and_takes_the_diagonal(options: dict) -> None:
    mask = mask_of(**options)
    assert (np.diagonal(mask) == 0).all()
    assert set(np.unique(mask[:, :160])) <= {0.0, 1.0} and set(np.unique(mask[:, 160:])) <= {0.0, -1.0}
    off_diagonal = mask[~np.eye(200, dtype=bool)]
    if options == DALE:
        assert (off_diagonal != 0).all()
    elif options == {**DALE, **SPARSE}:
        assert_fraction(off_diagonal != 0, 0.25)


def test_blocks_between_cell_types_are_kept_or_lost_as_a_whole() -> None:
    types, kept = cell_types(200, 8), []
    for seed in range(20):
        mask = mask_of(seed=seed, **DALE_RELU)
        for a in range(16):
            for b in range(16):
                block = np.abs(mask[np.ix_(types == a, types == b)])
                if a == b:
                    block = block[~np.eye(len(block), dtype=bool)]
                assert block.min() == block.max()
                kept.append(block.max())
    assert_fraction(np.array(kept), 0.5)


def test_settings_that_share_a_seed_share_their_draws() -> None:
    sparse, dale_sparse = mask_of(**SPARSE), mask_of(**SPARSE, **DALE)
    off_diagonal = 1 - np.eye(200)
    np.testing.assert_array_equal(np.abs(dale_sparse), sparse * off_diagonal)
    assert (sparse[mask_of(density=0.1) != 0] == 1).all()  # a sparser network lacks synapses, and has no others
    types = mask_of(**DALE_RELU)
    np.testing.assert_array_equal(mask_of(**DALE_RELU, **SPARSE), types * sparse)
    fewer = mask_of(**{**DALE_RELU, "cell_type_density": 0.2})
    assert (types[fewer != 0] != 0).all() and (fewer != 0).sum() < (types != 0).sum()
    assert not np.array_equal(sparse, mask_of(seed=1, **SPARSE))


# ---- initial weights


def test_sparse_weights_keep_the_variance_of_what_a_unit_receives() -> None:
    """theta = w / sqrt(density) where there is a weight, else 0; sum_j W_ij^2 is gain^2 in the mean."""
    free = recurrent_of(gain=0.5)
    mask = draw_mask(200, options_of(**SPARSE), np.random.default_rng(1000))
    np.testing.assert_allclose(recurrent_of(gain=0.5, **SPARSE), 2 * free * mask, rtol=1e-12)
    squares = np.concatenate([np.square(recurrent_of(gain=0.5, seed=s, **SPARSE)).sum(1) for s in range(10)])
    assert abs(squares.mean() - 0.25) < 5.5 * squares.std() / np.sqrt(len(squares))


def test_dales_law_divides_excitatory_columns_by_the_ratio_of_the_numbers() -> None:
    """N_E / N_I = 4, after the gain and 1/sqrt(density)."""
    free = recurrent_of()
    expected = 0.7 * 1.5 * free / np.sqrt(0.25)
    expected[:, :160] /= 4
    mask = draw_mask(200, options_of(**DALE, **SPARSE), np.random.default_rng(1000))
    theta = recurrent_of(gain=0.7, recurrent_scale=1.5, **DALE, **SPARSE)
    np.testing.assert_allclose(theta, np.where(mask != 0, expected, 0), rtol=1e-12)
    seven = recurrent_of(units=7, **DALE)  # 5 + 2
    expected = recurrent_of(units=7) * ([1 / 2.5] * 5 + [1.0] * 2) * (1 - np.eye(7))
    np.testing.assert_allclose(seven, expected, rtol=1e-12)


@pytest.mark.parametrize("density", [1.0, 0.25])
def test_excitation_and_inhibition_balance_in_the_mean(density: float) -> None:
    """The sum over all weights of a network is 0 in the mean: (N - 1) N_I E|w| on either side. Every single network
    would have a large sum without the division, or with one by another number."""
    sums, excitation = [], []
    for seed in range(50):
        options = {**DALE, "density": density}
        mask = draw_mask(60, options_of(**options), np.random.default_rng(1000 + seed))
        weights = np.abs(recurrent_of(units=60, seed=seed, **options)) * mask
        sums.append(weights.sum())
        excitation.append(weights[:, :48].sum())
    assert abs(np.mean(sums)) < 5.5 * np.std(sums) / np.sqrt(len(sums))
    assert np.std(sums) / np.sqrt(len(sums)) < 0.02 * np.mean(excitation)


def test_unit_row_sums_cancel_gain_and_density() -> None:
    theta = recurrent_of(**DALE_RELU)
    np.testing.assert_allclose(np.abs(theta).sum(1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(recurrent_of(**DALE_RELU, gain=0.3, recurrent_scale=1.5), theta, rtol=1e-12)
    # It is applied last: input from excitatory units is weighted by a quarter before summation.
    free = np.abs(recurrent_of()) * (theta != 0)
    free[:, :160] /= 4
    np.testing.assert_allclose(np.abs(theta), free / free.sum(1, keepdims=True), rtol=1e-12)


def test_a_unit_that_receives_nothing_has_a_row_of_zeros() -> None:
    mask = np.ones((5, 5))
    mask[2] = 0
    theta = constrain(np.full((5, 5), 0.3), mask, options_of(unit_row_sum=True))
    np.testing.assert_allclose(theta, np.where(mask, 0.2, 0.0))


@pytest.mark.parametrize("options", [{}, SPARSE, DALE, DALE_RELU])
def test_unit_row_sum_is_honoured_or_refused(options: dict) -> None:
    """An option that is set must not be ignored, even if no weight is constrained."""
    options = {**options_of(), **options, "unit_row_sum": True}
    try:
        connectivity.check(options)
    except InputError as error:
        assert error.key == "network.unit_row_sum"
        return
    rows = np.abs(recurrent_of(**options)).sum(1)
    np.testing.assert_allclose(rows, 1.0, rtol=1e-12)


# ---- what is refused


@pytest.mark.parametrize("options", [{}, SPARSE, DALE, {**DALE, **SPARSE}, DALE_RELU, {"gain": 0.0}])
def test_good_options_pass(options: dict) -> None:
    connectivity.check(options_of(**options))


@pytest.mark.parametrize(
    "options, key, value",
    [
        ({**DALE, "gain": 0.0}, "gain", 0.0),
        ({**DALE, "recurrent_scale": 0.0}, "recurrent_scale", 0.0),
        ({**DALE, "units": 1}, "units", 1),
        ({"cell_types_per_sign": 8}, "cell_types_per_sign", 8),
        ({**SPARSE, "unit_row_sum": True, "gain": 0.0}, "gain", 0.0),
        ({**DALE_RELU, "units": 39, "cell_types_per_sign": 9}, "cell_types_per_sign", 9),
    ],
    ids=["weights stay 0", "weights stay 0 by scale", "no inhibition", "types without Dale", "rows of 0", "many types"],
)
def test_bad_options_are_refused_by_name(options: dict, key: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        connectivity.check(options_of(**options))
    assert caught.value.key == f"network.{key}" and caught.value.value == value
    assert caught.value.remedy


# ---- theta and the weights


def small(*batch_shape: int, seed: int = 0) -> Parameters:
    sizes = Sizes(inputs=1, units=5, outputs=1)
    n_parameters = Parameters(sizes).flat.numel()
    parameters = Parameters(sizes, torch.zeros(*batch_shape, n_parameters, dtype=torch.float64))
    parameters.flat.normal_(generator=torch.Generator().manual_seed(seed))
    return parameters


def test_without_constraints_the_weights_are_theta_itself() -> None:
    theta, free = small(), Connectivity(False, None, None)
    assert free.weights(theta) is theta
    before = theta.flat.clone()
    free.to_theta_gradient(theta, theta)
    free.mask_gradient(theta)
    assert torch.equal(theta.flat, before)


def test_weights_of_theta_by_hand() -> None:
    theta = small()
    theta.recurrent.copy_(torch.tensor([[0.5, -2.0, 3.0, -4.0, -5.0]]).expand(5, 5))
    mask = torch.tensor([[0.0, 1.0, 1.0, 1.0, -1.0]], dtype=torch.float64).repeat(5, 1)
    mask[1, 2] = 0
    dale, sparse = Connectivity(True, mask, None), Connectivity(False, mask.abs(), None)
    assert dale.weights(theta).recurrent[0].tolist() == [0.0, 2.0, 3.0, 4.0, -5.0]
    assert dale.weights(theta).recurrent[1].tolist() == [0.0, 2.0, 0.0, 4.0, -5.0]
    assert sparse.weights(theta).recurrent[1].tolist() == [0.0, -2.0, 0.0, -4.0, -5.0]
    out = small(seed=1)
    assert dale.weights(theta, out) is out
    for name, tensor in out.named().items():
        if name != "recurrent":
            assert torch.equal(tensor, theta.named()[name]), name
    gradient = small(seed=2)
    gradient.recurrent.fill_(1.0)
    dale.to_theta_gradient(theta, gradient)
    assert gradient.recurrent[1].tolist() == [0.0, -1.0, 0.0, -1.0, 1.0]
    gradient.recurrent.fill_(1.0)
    sparse.to_theta_gradient(theta, gradient)
    assert gradient.recurrent[1].tolist() == [0.0, 1.0, 0.0, 1.0, 1.0]
    gradient.recurrent.fill_(1.0)
    dale.mask_gradient(gradient)
    assert gradient.recurrent[1].tolist() == [0.0, 1.0, 0.0, 1.0, 1.0]


def test_networks_of_a_stack_have_their_own_masks() -> None:
    options = options_of(**DALE, **SPARSE, units=5)
    masks = [draw_mask(5, options, np.random.default_rng(seed)) for seed in range(3)]
    assert not np.array_equal(masks[0], masks[1])
    theta = small(3)
    stack = make_connectivity(masks, options, theta.flat)
    weights = stack.weights(theta)
    for k, mask in enumerate(masks):
        alone = make_connectivity([mask], options, theta.flat)
        one = Parameters(theta.sizes, theta.flat[k])
        assert torch.equal(weights.flat[k], alone.weights(one).flat)
        assert torch.equal(stack.of_network(k).weights(one).flat, alone.weights(one).flat)
    free = make_connectivity([None, None], options_of(), theta.flat)
    assert free.mask is None and free.of_network(1).mask is None


def test_make_connectivity_takes_types_and_the_dtype() -> None:
    options = options_of(**DALE_RELU, units=40)
    made = make_connectivity([mask_of(units=40, **DALE_RELU)], options, torch.zeros(1))
    assert made.dale and made.mask.dtype == torch.float32
    np.testing.assert_array_equal(made.cell_types, cell_types(40, 8))

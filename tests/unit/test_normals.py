"""Normal random numbers: the generator against its published test vectors, the transform against float64, the stream's
promises."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch

from neurorules.network import philox
from neurorules.network.normals import Normals

CPU = torch.device("cpu")
FULL = 0xFFFFFFFF
# From kat_vectors of Random123 1.14, the authors' library (philox4x32, 10 rounds): counter, key, words.
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((FULL, FULL, FULL, FULL), (FULL, FULL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize("counter, key, expected", PUBLISHED)
def test_words_are_those_of_the_authors_of_philox(counter, key, expected) -> None:
    counters = np.tile(np.array(counter, np.uint32)[:, None], (1, 9))
    philox.words(counters, *map(np.uint64, key))
    assert (counters == np.array(expected, np.uint32)[:, None]).all()


def test_numbers_are_box_and_mullers_transform_of_the_words() -> None:
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, (2, 100_000), np.uint32)
    words[0, :4] = 0, 255, FULL, 1 << 31  # the largest numbers, 0, and u = 1/2
    words[1, :8] = 0, 1 << 31, (1 << 31) - 1, 1 << 30, 3 << 30, 1 << 29, FULL, 1
    found = np.empty(words.shape, np.float32)
    philox.normals(words.view(np.int32), found, np.float32(1.5))
    u = ((words[0] >> 8) + 1.0) / 2**24
    angle = 2 * np.pi * words[1].astype(float) / 2**32
    r = 1.5 * np.sqrt(-2 * np.log(u))
    np.testing.assert_allclose(found, [r * np.cos(angle), r * np.sin(angle)], rtol=0, atol=1e-6 * r.max())
    assert np.isfinite(found).all()


def test_numbers_are_independent_and_normal() -> None:
    """Kolmogorov and Smirnov's test, and correlations between rows, columns and draws; each fails once in 10^5."""
    n_rows, n_columns = 40, 2**13
    draws = torch.empty(2, n_rows, n_columns)
    for draw in range(2):
        Normals(3, CPU).fill(draws[draw], 1.0, draw)
    other = torch.empty(n_rows, n_columns)
    Normals(4, CPU).fill(other, 1.0, 0)
    x = draws[0].numpy().astype(float)
    assert scipy.stats.kstest(x.ravel(), "norm").pvalue > 1e-5
    assert scipy.stats.kstest(np.square(x).sum(0), "chi2", args=(n_rows,)).pvalue > 1e-5
    bound = scipy.stats.norm.isf(0.5e-5) / np.sqrt(x.size)
    lagged = [(x[:, :-lag] * x[:, lag:]).mean() for lag in (1, 128, 256, 384, 512)]
    rows = (x[:-1] * x[1:]).mean()
    for product in (*lagged, rows, (x * draws[1].numpy()).mean(), (x * other.numpy()).mean()):
        assert abs(product) < bound * 1.01
    # A pair of the transform shares its radius. Squares of independent normal numbers do not correlate; the variance of
    # x^2 y^2 is 8.
    pairs = np.square(x[:, :128] * x[:, 128:256])
    assert abs(pairs.mean() - 1.0) < scipy.stats.norm.isf(0.5e-5) * np.sqrt(8 / pairs.size)


@pytest.mark.parametrize("n_columns", [1, 511, 512, 1300])
def test_rows_can_be_drawn_one_by_one_and_in_any_order(n_columns: int) -> None:
    whole = torch.empty(6, n_columns)
    Normals(2**62 + 5, CPU).fill(whole, 0.1, 7)
    stream = Normals(2**62 + 5, CPU)
    for first, last in ((4, 6), (0, 1), (1, 4)):
        part = torch.empty(last - first, n_columns)
        stream.fill(part, 0.1, 7, first)
        assert torch.equal(part, whole[first:last])
    double = torch.empty(6, n_columns, dtype=torch.float64)
    stream.fill(double, 0.1, 7)
    assert torch.equal(double, whole.double())


def test_seeds_are_taken_whole() -> None:
    """Seeds that differ in one of their 64 bits give other numbers."""
    seeds = [0, *(1 << bit for bit in range(64))]
    numbers = torch.empty(len(seeds), 1, 2)
    for seed, of in zip(seeds, numbers, strict=True):
        Normals(seed, CPU).fill(of, 1.0, 0)
    assert len({tuple(of.ravel().tolist()) for of in numbers}) == len(seeds)

"""Cross-validated ridge regression from one representation to another (after Schrimpf et al. 2018, who use PLS).

Condition i belongs to fold i mod K, with K = 5 or the number of conditions if there are fewer; a condition is never
split. For each fold f, the other conditions give column means and weights

    W_f = argmin_W ||Y - X W||_F^2 + lambda ||W||_F^2 = (X^T X + lambda I)^-1 X^T Y

with lambda = share x ||X||_F^2. The share is the one of `SHARES` with the smallest squared error in a cross-validation
within these other conditions, whose folds are the remaining ones. With the held-out samples x_f, y_f minus these means,

    unexplained = sum_f ||y_f - x_f W_f||_F^2 / sum_f ||y_f||_F^2 = 1 - R^2

which is 0 for a perfect prediction and 1 for one no better than the mean of the other conditions. A worse prediction
gives a value above 1.

Eigenvectors of X^T X, from sums of squares of each fold, give all penalties at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurorules.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurorules.similarity.samples import Samples

MOST_FOLDS, LEAST_CONDITIONS = 5, 3
# Penalties as shares of ||X||_F^2. The largest comes first: of equal errors, the strongest penalty counts.
SHARES = 10.0 ** -np.arange(9)


class Axes(NamedTuple):
    """Principal axes of the samples of some folds."""

    n: int  # samples
    mean: NDArray[Any]  # (feature,)
    vectors: NDArray[Any]  # (feature, axis)
    squares: NDArray[Any]  # (axis,), sums of squares along the axes

    def shrinkage(self) -> NDArray[Any]:
        """1 / (square + penalty), (penalty, axis); 0 if there is no variance."""
        penalised = self.squares + SHARES[:, None] * self.squares.sum()
        shrinkage: NDArray[Any] = np.divide(1.0, penalised, out=np.zeros_like(penalised), where=penalised > 0)
        return shrinkage


class Folds:
    """The samples of a representation by fold.

    Args:
        activity: (condition, time, feature).
    """

    def __init__(self, activity: NDArray[Any]) -> None:
        # The first sample is subtracted so that constant features are exactly 0.
        shifted = np.asarray(activity, np.float64) - activity[0, 0]
        shifted -= shifted.mean((0, 1))
        fold = np.arange(len(shifted)) % min(MOST_FOLDS, len(shifted))
        self.parts = [shifted[fold == f].reshape(-1, shifted.shape[-1]) for f in range(fold.max() + 1)]
        self.sums = [part.sum(0) for part in self.parts]
        self.varies = bool(shifted.any())
        self._products: list[NDArray[Any]] = []
        self._axes: dict[frozenset[int], Axes] = {}

    def mean(self, left_out: frozenset[int]) -> NDArray[Any]:
        """Column means of the samples outside some folds, (feature,)."""
        kept = [f for f in range(len(self.parts)) if f not in left_out]
        mean: NDArray[Any] = sum(self.sums[f] for f in kept) / sum(len(self.parts[f]) for f in kept)
        return mean

    def axes(self, left_out: frozenset[int]) -> Axes:
        """Axes of the samples outside some folds, computed once."""
        if left_out not in self._axes:
            self._products = self._products or [part.T @ part for part in self.parts]
            kept = [f for f in range(len(self.parts)) if f not in left_out]
            n, mean = sum(len(self.parts[f]) for f in kept), self.mean(left_out)
            squares, vectors = np.linalg.eigh(sum(self._products[f] for f in kept) - n * np.outer(mean, mean))
            self._axes[left_out] = Axes(n, mean, vectors, np.clip(squares, 0.0, None))
        return self._axes[left_out]


class _Fit(NamedTuple):
    """A regression without some folds, for all penalties."""

    axes: Axes
    mean: NDArray[Any]  # of the targets, (target,)
    along: NDArray[Any]  # X^T Y along the axes of X, (axis, target)

    def errors(self, x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Sums of squared errors for other samples, (penalty,)."""
        scores, rest = (x - self.axes.mean) @ self.axes.vectors, y - self.mean
        linear = ((scores.T @ rest) * self.along).sum(1)
        square = (scores.T @ scores) * (self.along @ self.along.T)
        shrinkage = self.axes.shrinkage()
        errors: NDArray[Any] = (rest**2).sum() - 2 * shrinkage @ linear + ((shrinkage @ square) * shrinkage).sum(1)
        return errors

    def error(self, x: NDArray[Any], y: NDArray[Any], penalty: int) -> float:
        """Sum of squared errors for other samples with one of the penalties."""
        weights = self.axes.vectors @ (self.axes.shrinkage()[penalty][:, None] * self.along)
        return float(((y - self.mean - (x - self.axes.mean) @ weights) ** 2).sum())


def unexplained(x: Samples, y: Samples, measure: str) -> float:
    """1 - R^2 of the prediction of y from x on held-out conditions; 1 if either has no variance.

    R^2 is that of all features of y together, so each counts by its variance.

    Args:
        x, y: activities (condition, time, feature) of the same conditions and times, with any numbers of features.
        measure: its name, for the error.

    Raises:
        InputError: there are fewer than three conditions.
    """
    n_conditions = len(x.activity)
    if n_conditions < LEAST_CONDITIONS:
        raise InputError(
            "Linear predictivity needs at least three conditions: one to predict, and two to choose the penalty. "
            f"There are {n_conditions}.",
            key="comparison.measures",
            value=measure,
            remedy="Leave this measure out for this recording.",
        )
    from_x: Folds = x.kept("predictivity", lambda: Folds(x.activity))
    to_y: Folds = y.kept("predictivity", lambda: Folds(y.activity))
    if not from_x.varies or not to_y.varies:
        return 1.0
    products = [of_x.T @ of_y for of_x, of_y in zip(from_x.parts, to_y.parts, strict=True)]
    folds = range(len(products))
    fits: dict[frozenset[int], _Fit] = {}

    def fit(left_out: frozenset[int]) -> _Fit:
        if left_out not in fits:
            axes, mean = from_x.axes(left_out), to_y.mean(left_out)
            product = sum(products[f] for f in folds if f not in left_out) - axes.n * np.outer(axes.mean, mean)
            fits[left_out] = _Fit(axes, mean, axes.vectors.T @ product)
        return fits[left_out]

    error = total = 0.0
    for held in folds:
        inner = sum(
            fit(frozenset((held, other))).errors(from_x.parts[other], to_y.parts[other])
            for other in folds
            if other != held
        )
        outer = fit(frozenset((held,)))
        error += outer.error(from_x.parts[held], to_y.parts[held], int(np.argmin(inner)))
        total += float(((to_y.parts[held] - outer.mean) ** 2).sum())
    return error / total

"""An activity whose products and components are computed once, whichever measures and comparisons ask for them.

Samples are (condition, time) pairs. Products of features, X^T X and X^T Y, are enough for most measures; those of some
features, or of conditions in another order, follow from what is there already.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.procrustes import as_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Shares of the largest singular value down to which principal components are found from X^T X directly, to 1e-11, or
# by subspace iteration, which carries so many more directions along and pays with so many features.
DIRECT_SHARE, LEAST_SHARE, SPARE, MANY = 5e-3, 1e-5, 12, 100


class Samples:
    """An activity as centred samples.

    Args:
        activity: (condition, time, feature) or (sample, feature).
    Attributes:
        activity: as given.
        features: how many there are.
    """

    def __init__(self, activity: NDArray[Any]) -> None:
        self.activity = activity
        self.features: int = activity.shape[-1]
        self._crossed: tuple[Samples, NDArray[Any]] | None = None
        self._components: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}

    @cached_property
    def centred(self) -> NDArray[Any]:
        """(sample, feature) float64, columns centred."""
        return as_samples(self.activity)

    @cached_property
    def scatter(self) -> NDArray[Any]:
        """X^T X, (feature, feature)."""
        scatter: NDArray[Any] = self.centred.T @ self.centred
        return scatter

    @cached_property
    def norm(self) -> float:
        """||X||_F."""
        return float(np.linalg.norm(self.centred))

    @cached_property
    def square_sums(self) -> NDArray[Any]:
        """(sample,) sum of squares over features."""
        sums: NDArray[Any] = np.einsum("ij,ij->i", self.centred, self.centred)
        return sums

    def cross(self, other: Samples) -> NDArray[Any]:
        """X^T Y, (feature of this, feature of the other); of the last other it is kept.

        Raises:
            ValueError: the numbers of samples differ.
        """
        if len(self.centred) != len(other.centred):
            raise ValueError(
                f"{len(self.centred)} samples against {len(other.centred)}: conditions and times must line up"
            )
        if self._crossed is None or self._crossed[0] is not other:
            self._crossed = other, self._product(other)
        return self._crossed[1]

    def _product(self, other: Samples) -> NDArray[Any]:
        product: NDArray[Any] = self.centred.T @ other.centred
        return product

    def components(self, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first n principal components, fewer where the samples span fewer dimensions.

        Returns:
            Left singular vectors (sample, component) and singular values of the centred samples, largest first.
        """
        if n not in self._components:
            self._components[n] = principal_components(self.centred, n, lambda: self.scatter)
        return self._components[n]

    def reordered(self, order: NDArray[Any]) -> Samples:
        """The same with its conditions in another order, (condition,) indices."""
        return _Reordered(self, order)

    def some(self, features: NDArray[Any]) -> Samples:
        """Some features alone, by their indices."""
        return _Some(self, features)


class _Reordered(Samples):
    """Conditions in another order: samples move, products of features stay."""

    def __init__(self, whole: Samples, order: NDArray[Any]) -> None:
        super().__init__(whole.activity[order])
        self.whole, self.order = whole, order

    @cached_property
    def centred(self) -> NDArray[Any]:
        return self._moved(self.whole.centred)

    @property
    def scatter(self) -> NDArray[Any]:
        return self.whole.scatter

    @property
    def norm(self) -> float:
        return self.whole.norm

    @cached_property
    def square_sums(self) -> NDArray[Any]:
        return self._moved(self.whole.square_sums)

    def components(self, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
        left, singular = self.whole.components(n)
        return self._moved(left), singular

    def _moved(self, of_samples: NDArray[Any]) -> NDArray[Any]:
        of_conditions = of_samples.reshape(len(self.order), -1, *of_samples.shape[1:])
        moved: NDArray[Any] = of_conditions[self.order].reshape(of_samples.shape)
        return moved


class _Some(Samples):
    """Some features: products are parts of those of all."""

    def __init__(self, whole: Samples, chosen: NDArray[Any]) -> None:
        super().__init__(whole.activity[..., chosen])
        self.whole, self.chosen = whole, chosen

    @cached_property
    def centred(self) -> NDArray[Any]:
        chosen: NDArray[Any] = self.whole.centred[:, self.chosen]
        return chosen

    @cached_property
    def scatter(self) -> NDArray[Any]:
        part: NDArray[Any] = self.whole.scatter[np.ix_(self.chosen, self.chosen)]
        return part

    def _product(self, other: Samples) -> NDArray[Any]:
        if isinstance(other, _Some):
            part: NDArray[Any] = self.whole.cross(other.whole)[np.ix_(self.chosen, other.chosen)]
            return part
        return super()._product(other)


def principal_components(samples: NDArray[Any], n: int, scatter: Any = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """The first n left singular vectors and singular values of centred samples, see `Samples.components`.

    The eigenvectors of X^T X find components that are not much smaller than the largest, to the square of their ratio
    times rounding. One step of subspace iteration with a few directions to spare finds smaller ones, of many features.
    Where even these are too small, it is the whole decomposition.

    Args:
        samples: (sample, feature), columns centred.
        n: how many.
        scatter: a function that gives X^T X; None to compute it.
    """
    if min(samples.shape) > n + SPARE:
        squares, vectors = np.linalg.eigh(samples.T @ samples if scatter is None else scatter())
        vectors = vectors[:, : -(n + SPARE) - 1 : -1]
        if squares[-n] > DIRECT_SHARE**2 * squares[-1]:
            singular = np.sqrt(squares[: -n - 1 : -1])
            return samples @ vectors[:, :n] / singular, singular
        if min(samples.shape) > MANY:
            basis = np.linalg.qr(samples @ vectors)[0]
            basis = np.linalg.qr(samples @ (samples.T @ basis))[0]
            turn, singular, _ = np.linalg.svd(basis.T @ samples, full_matrices=False)
            if singular[n - 1] > LEAST_SHARE * singular[0]:
                return basis @ turn[:, :n], singular[:n]
    left, singular, _ = np.linalg.svd(samples, full_matrices=False)
    rounding = singular[0] * max(samples.shape) * np.finfo(np.float64).eps
    kept = min(n, int((singular > rounding).sum()))
    return left[:, :kept], singular[:kept]

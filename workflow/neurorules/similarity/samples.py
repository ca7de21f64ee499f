"""An activity with products and components that are computed once and shared by measures and comparisons.

Samples are (condition, time) pairs. Products of features, X^T X and X^T Y, are enough for most measures. The products
for some of the features, or for reordered conditions, follow from products already computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from neurorules.similarity.procrustes import as_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Principal components are found from X^T X directly down to DIRECT_SHARE of the largest singular value, to 1e-11, and
# by subspace iteration down to LEAST_SHARE. The iteration uses SPARE extra directions, and is worthwhile with more than
# MANY features.
DIRECT_SHARE, LEAST_SHARE, SPARE, MANY = 5e-3, 1e-5, 12, 100


class Samples:
    """An activity as centred samples.

    Args:
        activity: (condition, time, feature) or (sample, feature).
    Attributes:
        activity: as given.
        features: the number of features.
    """

    def __init__(self, activity: NDArray[Any]) -> None:
        self.activity = activity
        self.features: int = activity.shape[-1]
        self._crossed: tuple[Samples, NDArray[Any]] | None = None
        self._components: dict[int, tuple[NDArray[Any], NDArray[Any]]] = {}
        self._kept: dict[Hashable, Any] = {}

    @cached_property
    def centred(self) -> NDArray[Any]:
        """Samples with centred columns, (sample, feature) float64."""
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
        """Sums of squares over features, (sample,)."""
        sums: NDArray[Any] = np.einsum("ij,ij->i", self.centred, self.centred)
        return sums

    def cross(self, other: Samples) -> NDArray[Any]:
        """X^T Y, (feature of this, feature of the other); kept for the latest other.

        Raises:
            ValueError: the numbers of samples differ.
        """
        if len(self.centred) != len(other.centred):
            raise ValueError(
                f"Different numbers of samples, {len(self.centred)} and {len(other.centred)}: they must match"
            )
        if self._crossed is None or self._crossed[0] is not other:
            self._crossed = other, self._product(other)
        return self._crossed[1]

    def _product(self, other: Samples) -> NDArray[Any]:
        product: NDArray[Any] = self.centred.T @ other.centred
        return product

    def components(self, n: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """The first n principal components, or fewer if the samples span fewer dimensions.

        Returns:
            Left singular vectors (sample, component) and singular values of the centred samples, largest first.
        """
        if n not in self._components:
            self._components[n] = principal_components(self.centred, n, lambda: self.scatter)
        return self._components[n]

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What a measure derives from this activity alone; made once.

        Args:
            key: names the measure and what the result depends on.
            make: makes it.
        """
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def reordered(self, order: NDArray[Any]) -> Samples:
        """The same activity with its conditions in another order, indices (condition,)."""
        return _Reordered(self, order)

    def some(self, features: NDArray[Any]) -> Samples:
        """Only some features, by their indices."""
        return _Some(self, features)


class _Reordered(Samples):
    """Conditions in another order: samples move, products of features do not change."""

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
    """Some of the features: their products are parts of the full products."""

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

    Eigenvectors of X^T X are accurate for components not much smaller than the largest (rounding over the square of
    their ratio). With many features, one step of subspace iteration with a few extra directions finds smaller ones.
    Even smaller ones need the full decomposition.

    Args:
        samples: (sample, feature), columns centred.
        n: number of components.
        scatter: a function that returns X^T X; None to compute it.
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

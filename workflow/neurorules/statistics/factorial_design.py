"""The terms of an analysis of variance of several factors, as spaces, with the variances of networks and of the rest.

The model has all main effects, all interactions of two factors, and one more term for the interactions of three and
more. Sums of squares are of Type II: each term is adjusted for all others, except those that contain it (Langsrud 2003,
Stat Comput 13:163). So factors need not be crossed: if an activation is only varied among leaky units, its term is what
it does there, and the architecture's term compares architectures at equal activation. What such a design cannot
estimate has no degrees of freedom.

Networks are replicates, and networks that differ in a `within` factor only (learning rules) start from the same weights
and see the same trials. Errors have two variances, of the initial network and of the rest, as in a split-plot design:

    y = effects + u_network + e,    E[SS_T] = SS of the effects + df_T var(e) + z_T var(u),   z_T = |Q_T' Z|^2

with Q_T an orthonormal basis of term T, and Z the networks' indicators.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Term = tuple[str, ...]
HIGHER: Term = ("interactions of three or more",)
NETWORK: Term = ("initial network",)
REST: Term = ("rest",)

# Directions with a smaller norm than this belong to the space that they are compared with.
SMALL = 1e-8


@dataclass(frozen=True)
class Space:
    """An orthonormal basis Q, (value, df), and z = |Q'Z|^2."""

    basis: NDArray[Any]
    z: float

    @property
    def freedom(self) -> int:
        """Degrees of freedom."""
        return self.basis.shape[1]

    def square(self, values: NDArray[Any]) -> NDArray[Any]:
        """Sums of squares of (..., value)."""
        squares: NDArray[Any] = ((values @ self.basis) ** 2).sum(-1)
        return squares


@dataclass(frozen=True)
class Estimates:
    """What a design estimates from one set of values or many, (...).

    Attributes:
        network, rest: variances of u and e.
        total: N times the total variance.
        squares: sums of squares of the design's terms.
        shares: omega squared of the terms, of NETWORK and of REST.
    """

    network: NDArray[Any]
    rest: NDArray[Any]
    total: NDArray[Any]
    squares: Mapping[Term, NDArray[Any]]
    shares: Mapping[Term, NDArray[Any]]


class Design:
    """A design: which values belong to which levels of the factors and to which network.

    Args:
        factors: levels of each factor, (value,); at least one factor has two levels.
        seeds: (value,); with the levels of the factors that are not `within`, it identifies a network.
        within: factors whose levels share a network.
    Attributes:
        n: number of values.
        codes: integer levels of each factor, (value,), without the factors of one level, which are in `constant`.
        spaces: of each term that can be estimated.
        lacking: the interactions that cannot.
        steps: spaces of the same terms, each adjusted for those before it: they are orthogonal and span the cells.
        cells, plots, rules, networks: (value,) the combination of all factors, of those that are not `within`, of those
            that are, and the network.
        network, rest: the spaces of the networks within cells, and of what is left.
        of_seed: the space of the seeds beyond the cells.
    """

    def __init__(self, factors: Mapping[str, Sequence[Any]], seeds: Sequence[Any], within: Sequence[str] = ()) -> None:
        codes = {name: np.unique(np.asarray(levels), return_inverse=True)[1] for name, levels in factors.items()}
        self.constant = [name for name, levels in codes.items() if not levels.any()]
        self.codes = {name: levels for name, levels in codes.items() if levels.any()}
        if not self.codes:
            raise ValueError("no factor has two levels")
        seed_codes = np.unique(np.asarray(seeds), return_inverse=True)[1]
        self.n = len(seed_codes)
        inside = [name for name in self.codes if name in within]
        self.cells, self.rules = self._joint(list(self.codes)), self._joint(inside)
        self.plots = self._joint([name for name in self.codes if name not in within])
        self.networks = _joint([self.plots, seed_codes])
        # Without a `within` factor, each value has a network of its own, and there is one variance.
        self._of_network = _indicators(self.networks) if inside else np.zeros((self.n, 0))

        names: list[Term] = [(name,) for name in self.codes] + list(itertools.combinations(self.codes, 2))
        indicators = {term: _indicators(self._joint(term)) for term in names}
        mean = np.full((self.n, 1), 1.0 / np.sqrt(self.n))
        self.mean = Space(mean, float(((mean.T @ self._of_network) ** 2).sum()))
        spaces: dict[Term, Space] = {}
        self.steps: list[Space] = []
        before: NDArray[Any] = mean
        for term in names:
            others = [indicators[other] for other in names if not set(term) <= set(other)]
            spaces[term] = self._space(indicators[term], _span([mean, *others]))
            self.steps.append(self._space(indicators[term], before))
            before = np.hstack([before, self.steps[-1].basis])
        spaces[HIGHER] = self._space(_indicators(self.cells), before)
        self.steps.append(spaces[HIGHER])
        of_cells = np.hstack([before, spaces[HIGHER].basis])
        self.spaces = {term: space for term, space in spaces.items() if space.freedom}
        self.lacking = [term for term in names if term not in self.spaces]
        self.network = self._space(self._of_network, of_cells)
        self.rest = self._space(np.eye(self.n), np.hstack([of_cells, self.network.basis]))
        self.of_seed = self._space(_indicators(seed_codes), of_cells)

    def estimate(self, values: NDArray[Any]) -> Estimates:
        """Variances and shares of values, (..., value); NaN without two networks in a cell."""
        nothing = np.full(values.shape[:-1], np.nan)
        rest = self.rest.square(values) / self.rest.freedom if self.rest.freedom else nothing
        network = np.zeros_like(rest)
        if self.network.freedom:
            above_rest = self.network.square(values) / self.network.freedom - rest
            network = above_rest * self.network.freedom / self.network.z
        total = ((values - values.mean(-1, keepdims=True)) ** 2).sum(-1) + rest + self.mean.z * network
        squares = {term: space.square(values) for term, space in self.spaces.items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = {
                term: (squares[term] - space.freedom * rest - space.z * network) / total
                for term, space in self.spaces.items()
            }
            if self.network.freedom:
                shares[NETWORK] = self.n * network / total
            shares[REST] = self.n * rest / total
        return Estimates(network, rest, total, squares, shares)

    def _joint(self, names: Sequence[str]) -> NDArray[Any]:
        return _joint([self.codes[name] for name in names]) if names else np.zeros(self.n, int)

    def _space(self, more: NDArray[Any], less: NDArray[Any]) -> Space:
        basis = _beyond(more, less)
        return Space(basis, float(((basis.T @ self._of_network) ** 2).sum()))


def _joint(codes: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """One code for each combination that occurs."""
    joint: NDArray[Any] = np.unique(np.stack(codes, 1), axis=0, return_inverse=True)[1].reshape(-1)
    return joint


def _indicators(codes: NDArray[Any]) -> NDArray[Any]:
    """(value, level), 1 where a value has a level."""
    indicators: NDArray[Any] = (codes[:, None] == np.unique(codes)[None, :]).astype(float)
    return indicators


def _span(matrices: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """An orthonormal basis of everything that the matrices' columns span."""
    return _beyond(np.hstack(matrices), np.zeros((len(matrices[0]), 0)))


def _beyond(more: NDArray[Any], basis: NDArray[Any]) -> NDArray[Any]:
    """An orthonormal basis of what the columns of a matrix add to an orthonormal basis."""
    left, sizes, _ = np.linalg.svd(more - basis @ (basis.T @ more), full_matrices=False)
    beyond: NDArray[Any] = left[:, sizes > SMALL]
    return beyond

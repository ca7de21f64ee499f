"""Repeated GPU work as a CUDA graph: one launch instead of one per operation.

A step of a network is a handful of short operations. For a small stack, launching them takes longer than they run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Replayed:
    """Calls a function on a GPU, records it at the second call, and replays the recording from then on.

    The first call runs the function normally, so that libraries load and allocate what they need.

    Args:
        work: does the same operations on the same memory at every call, in place. It must not wait for the GPU or draw
            random numbers: neither can be recorded.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._has_run = False
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self) -> None:
        if self._graph is not None:
            self._graph.replay()
            return
        if self._has_run:
            self._graph = self._recorded()
            self._graph.replay()
            return
        self._work()
        self._has_run = True

    def _recorded(self) -> torch.cuda.CUDAGraph:
        import torch

        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):  # records without running
            self._work()
        return graph

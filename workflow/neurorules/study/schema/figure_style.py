"""Options for the appearance of figures."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from neurorules.study.schema.fields import Group, Number, Or, defaults_of, option


class FigureStyle(Group):
    """The appearance of all figures in a study. After a change, figures are redrawn and nothing is retrained."""

    width: Literal["screen", "one_column", "two_columns"] = option(
        "screen",
        "`one_column` is 85 mm wide and `two_columns` 180 mm, as in most journals; rows of panels that are too wide "
        "are wrapped. `screen`: as wide as the panels need",
        source="ours",
    )
    font_size_pt: Number = option(
        8,
        "size of titles and labels; ticks, legends and captions are smaller",
        unit="pt",
        source="ours",
        at_least=5,
        at_most=14,
    )
    panel_letters: Annotated[bool, Or(None)] = option(
        None,
        "whether panels have bold letters at the upper left. `null`: yes for journal columns, no for screens",
        source="ours",
        type_in_words="bool or null",
        default_in_words="`null`",
    )


def style_defaults() -> dict[str, Any]:
    """The default figure style."""
    return defaults_of(FigureStyle)

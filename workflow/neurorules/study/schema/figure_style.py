"""Options of how figures look."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from neurorules.study.schema.fields import Group, Number, Or, defaults_of, option


class FigureStyle(Group):
    """What all figures of a study are drawn for. A change draws figures again and trains nothing."""

    width: Literal["screen", "one_column", "two_columns"] = option(
        "screen",
        "`one_column` is 85 mm and `two_columns` 180 mm wide, as columns of most journals are: rows of panels are "
        "broken where they are too wide. `screen`: as wide as the panels are",
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
        "whether panels have letters, bold at the upper left. `null`: in columns, and not on a screen",
        source="ours",
        type_in_words="bool or null",
        default_in_words="`null`",
    )


def style_defaults() -> dict[str, Any]:
    """Defaults of how figures look."""
    return defaults_of(FigureStyle)

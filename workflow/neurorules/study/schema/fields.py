"""How an option is defined: one field with its type, default, limits, unit, meaning and source.

A value of the wrong type is rejected, never converted: 200.0 is not an integer, and neither "200" nor true is a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import PydanticCustomError, core_schema

from neurorules.study.model import LONGEST_NAME

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue


class _NoDefault:
    """Marks an option without a default."""

    def __repr__(self) -> str:
        return "no default"


NO_DEFAULT = _NoDefault()


def option(
    default: Any,
    meaning: str,
    *,
    source: str = "",
    unit: str = "",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    type_in_words: str = "",
    default_in_words: str = "",
) -> Any:
    """Define the field of an option.

    Args:
        default: value if no study sets one; NO_DEFAULT leaves it unset, `...` makes it required.
        meaning: what it means, as Markdown.
        source: where the default and its alternatives come from: an equation, table or appendix of the paper.
        unit: unit of the value.
        at_least, above, at_most: limits of a number.
        type_in_words, default_in_words: text for the reference page, if type or default is not self-explanatory.
    """
    notes = {"x-source": source, "x-unit": unit, "x-type": type_in_words, "x-default": default_in_words}
    return Field(
        default,
        description=meaning,
        ge=at_least,
        gt=above,
        le=at_most,
        json_schema_extra={name: text for name, text in notes.items() if text},
    )


class Group(BaseModel):
    """A group of config keys. Unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _has_known_keys(cls, given: Any) -> Any:
        unknown = [key for key in given if key not in cls.model_fields] if isinstance(given, dict) else []
        if unknown:
            known = list(cls.model_fields)
            raise PydanticCustomError("unknown_key", "unknown key", {"key": min(unknown, key=str), "known": known})
        return given


def defaults_of(group: type[Group]) -> dict[str, Any]:
    """The defaults of a group's options. Options without a default are omitted."""
    fields = group.model_fields.items()
    return {name: deepcopy(field.default) for name, field in fields if field.default is not NO_DEFAULT}


class Or:
    """Allow one value in addition to the annotated type, such as the word `best` or a number.

    Args:
        value: the additional value.
    """

    def __init__(self, value: str | None) -> None:
        self.value = value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def check(given: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            if given == self.value and type(given) is type(self.value):
                return given
            try:
                return inner(given)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                context: Mapping[str, Any] = {
                    **first.get("ctx", {}),
                    "or": "null" if self.value is None else self.value,
                }
                raise PydanticCustomError(first["type"], "not allowed", dict(context)) from None

        return core_schema.no_info_wrap_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"const": self.value}]}


class OrText:
    """Allow text as well as the annotated group."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def check(given: Any, inner: core_schema.ValidatorFunctionWrapHandler) -> Any:
            return given if isinstance(given, str) and given else inner(given)

        return core_schema.no_info_wrap_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(schema)]}


def _different(items: list[Any]) -> list[Any]:
    if len(set(items)) < len(items):
        raise PydanticCustomError("not_unique", "duplicate item")
    return items


Different = AfterValidator(_different)
SomeItems = Field(min_length=1, json_schema_extra={"uniqueItems": True})

Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=LONGEST_NAME)]
Names = Annotated[list[Name], SomeItems, Different]
Counts = Annotated[list[Annotated[int, Field(ge=1)]], SomeItems, Different]
Seeds = Annotated[list[Annotated[int, Field(ge=0)]], SomeItems, Different]

"""The kinds of arguments that several families share."""

from typing import Annotated

from pydantic import Field

from archc.shapes import MAX_SIZE

Positive = Annotated[int, Field(ge=1, le=MAX_SIZE)]
NotNegative = Annotated[int, Field(ge=0, le=MAX_SIZE)]
PositiveAxes = Positive | tuple[Positive, ...]
NotNegativeAxes = NotNegative | tuple[NotNegative, ...]
Real = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

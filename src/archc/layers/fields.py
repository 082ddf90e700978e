"""The kinds of arguments that several families share."""

from typing import Annotated

from pydantic import Field

Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
PositiveAxes = Positive | tuple[Positive, ...]
NotNegativeAxes = NotNegative | tuple[NotNegative, ...]
Real = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]

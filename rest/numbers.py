"""Numbers and truth values in bodies: exactly JSON's own.

Pydantic would take `"5"` and true for numbers, and `"yes"` for true; who sends that has made a
mistake that nobody would find.
"""

from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

Flag = StrictBool
WholeNumber = StrictInt
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]

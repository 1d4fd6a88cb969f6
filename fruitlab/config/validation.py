"""Files of unknown origin are checked against pydantic models before anything else reads them.

Fields that no model names are kept: later versions and plug-ins write more.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fruitlab.config.files import read_json

Name = Annotated[str, Field(max_length=1000)]
Count = Annotated[int, Field(ge=0, le=2**53)]


class Model(BaseModel):
    """A file, or a part of one."""

    model_config = ConfigDict(strict=True, extra="allow")


def check(model: type[Model], content: Any) -> Any:
    """The content itself, if the model describes it.

    Raises:
        ValueError: it does not. The message names the first field that is wrong, not its value.
    """
    try:
        model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:200]
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    return content


def read(model: type[Model], path: Path) -> Any:
    """The content of a JSON file that the model describes. Raises OSError, ValueError."""
    return check(model, read_json(path))

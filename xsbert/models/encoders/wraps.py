"""`Wraps`: an encoder of ours from one of the host's."""

from __future__ import annotations

from typing import TypeVar

from sentence_transformers.base.model import BaseModel

M = TypeVar("M", bound="Wraps")


class Wraps(BaseModel):
    """An encoder that is also made from one of its host's that is loaded already."""

    _host: type[BaseModel]

    @classmethod
    def wrap(cls: type[M], model: BaseModel) -> M:
        """The same model with `explain`: shares its modules, weights, prompts and settings.

        Raises:
            TypeError: `model` is none of the host's class.
        """
        host = cls._host.__name__
        if not isinstance(model, cls._host):
            raise TypeError(
                f"{cls.__name__}.wrap got a {type(model).__name__}; expected a {host}. "
                f"From a name or a path use {cls.__name__}(name_or_path)."
            )
        wrapped = cls.__new__(cls)
        shared = {name: value.copy() if isinstance(value, dict) else value for name, value in vars(model).items()}
        vars(wrapped).update(shared)
        return wrapped

"""What no field of text lets in, in whatever feature."""

import pytest
from pydantic import BaseModel, ValidationError

from rest.texts import ElementId, OwnId, UserIdText, UserName, Word


class Texts(BaseModel):
    element_id: ElementId | None = None
    own_id: OwnId | None = None
    user_id: UserIdText | None = None
    user_name: UserName | None = None
    word: Word | None = None


@pytest.mark.parametrize("field", list(Texts.model_fields))
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\0b", "must not contain NUL"),
        ("a\ud83d", "valid string"),
        ("a" * 257, "characters"),
    ],
)
def test_text_that_no_database_stores_is_refused_by_name(
    field: str, text: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        Texts.model_validate({field: text})


@pytest.mark.parametrize("field", list(Texts.model_fields))
def test_all_other_text_is_left_as_it_is(field: str) -> None:
    text = "ä\u2028👩‍💻 \x1f"
    assert Texts.model_validate({field: text}).model_dump()[field] == text

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


@pytest.mark.parametrize("text", ["a\u2028b", "a\x1f", "\u202eann", "\u200d"])
def test_a_name_that_cannot_be_shown_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="must be printable"):
        Texts.model_validate({"user_name": text})


def test_a_name_is_left_as_it_is() -> None:
    text = " 👩‍💻 Zoë می‌خواهم"
    assert Texts.model_validate({"user_name": text}).user_name == text


@pytest.mark.parametrize("field", [each for each in Texts.model_fields if each != "user_name"])
def test_all_other_text_is_left_as_it_is(field: str) -> None:
    text = "ä\u2028👩‍💻 \x1f"
    assert Texts.model_validate({field: text}).model_dump()[field] == text

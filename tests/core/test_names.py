"""Names that people have, and texts that pass for one and do harm where they are shown."""

import pytest

from server.core.names import is_printable_name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "Zoë",
        "👩‍💻 Dev",
        "❤️",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "می‌خواهم",
        "ක්‍රිෂාන්",
        "山田\u3000太郎",
        "Ann\u00a0Smith",
        # Its direction is told to those around it, and ends with it.
        "\u200fזהרה\u200e",
        # Of Unicode 17, which this Python need not know.
        "\U0001fac8",
    ],
)
def test_names_of_any_script_and_emoji_are_names(name: str) -> None:
    assert is_printable_name(name)


@pytest.mark.parametrize("character", [chr(code) for code in (*range(32), *range(127, 160))])
def test_no_control_character_is_in_a_name(character: str) -> None:
    assert not is_printable_name(f"Ann{character}Smith")


@pytest.mark.parametrize("code", [*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
def test_no_name_turns_the_text_around_it(code: int) -> None:
    assert not is_printable_name(f"Ann{chr(code)}Smith")


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\ud83d"])
def test_no_name_ends_a_line_or_cuts_a_character_in_two(character: str) -> None:
    assert not is_printable_name(f"Ann{character}Smith")


@pytest.mark.parametrize("name", ["\u200d", "\u200b", "\ufeff", "\ufe0f", "\u00ad \u2060"])
def test_a_name_has_something_that_is_seen(name: str) -> None:
    assert not is_printable_name(name)

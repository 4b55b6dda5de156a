"""Who is mentioned in a comment, as it is written: nobody is looked up, or told."""

from __future__ import annotations

import re

MAX_MENTIONS = 50

# Not the @ of an e-mail address; and a full stop after a name ends the sentence, not the name.
_MENTION = re.compile(r"(?<![\w@.])@(\w(?:[\w.:|-]{0,126}\w)?)")


def mentions(content: str) -> list[str]:
    """What follows an @, each once, in order, at most MAX_MENTIONS."""
    return list(dict.fromkeys(_MENTION.findall(content)))[:MAX_MENTIONS]

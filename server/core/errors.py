"""Errors of the core that both doors meet.

CoreError
├── InvalidSettings      the environment does not make a valid configuration
├── Unauthenticated      no identity: the token is missing, malformed, expired or not ours
├── IdentityMismatch     a `user_id` that differs from the verified token's `sub`
├── SessionOver          an editing session that has ended
├── KeysUnavailable      tokens cannot be verified at the moment; trying again later may work
└── CannotMintToken      this configuration verifies tokens but cannot sign any
"""

from collections.abc import Sequence


class CoreError(Exception):
    """Base of every error that server.core raises."""


class InvalidSettings(CoreError):
    """`problems` holds one line for each wrong variable; the message is the whole block."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = "one setting is" if len(problems) == 1 else f"{len(problems)} settings are"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{count} wrong:\n{lines}")
        self.problems = tuple(problems)


class Unauthenticated(CoreError):
    """No identity: the token is missing, malformed, expired or not ours.

    The message says which, is meant for the client, and never contains the token.
    """


class IdentityMismatch(CoreError):
    """A `user_id` that differs from the verified token's `sub`."""


class SessionOver(CoreError):
    """An editing session that has ended; nobody can join it again."""


class KeysUnavailable(CoreError):
    """The key set cannot be fetched now, so that nothing is known about the token.

    Not the client's fault: HTTP 503, and on a socket a close code that clients retry.
    """


class CannotMintToken(CoreError):
    """Only a server that holds the HS256 secret can sign tokens; the message says what to do."""

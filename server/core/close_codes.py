"""WebSocket close codes. y-websocket ≥ 3.1 treats 4400 to 4499 as final and retries all others."""

from enum import IntEnum


class CloseCode(IntEnum):
    RESTART = 1012
    OVERLOAD = 1013
    MALFORMED = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    RESET_NEEDED = 4409
    TOO_LARGE = 4413
    SESSION_FULL = 4523
    TOO_FAST = 4529

"""The command line: `coflow serve | migrate | token | check-config | openapi | audit verify`.

Exit codes: 0 done, 1 failed while running (an audit that does not verify too), 2 wrong arguments
or settings.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import anyio
from sqlalchemy.exc import SQLAlchemyError

from crdt_store.errors import DatabaseNotMigrated, StoreError
from server.core.environment import SETTING_TEXTS, load_database_url, load_settings
from server.core.errors import CannotMintToken, InvalidSettings
from server.core.logs import redact_text
from server.core.roles import Role
from server.core.setting_fields import SettingText, shown
from server.core.version import version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest.audit.verify import End
    from server.core.settings import Settings

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

_DURATION = re.compile(r"(\d{1,9})(s|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the process's exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except InvalidSettings as error:
        _complain(f"{error}\nSee docs/configuration.md, or `coflow serve --help`.")
        return EXIT_USAGE
    except CannotMintToken as error:
        _complain(str(error))
        return EXIT_USAGE
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except (StoreError, SQLAlchemyError, OSError) as error:
        # A database's errors quote its URL, password included.
        _complain(redact_text(str(error)))
        return EXIT_FAILED


def _serve(arguments: argparse.Namespace) -> int:
    settings = load_settings(
        {
            text.name: given
            for text in _offered()
            if (given := getattr(arguments, text.name)) is not None
        }
    )
    _warn(settings)
    # Late, so that --help and wrong settings answer at once.
    from server import migrations
    from server.app import serve

    if not settings.migrates_on_start:
        found = anyio.run(migrations.current, settings.database_url)
        if found != (needed := migrations.head()):
            # The server checks it too; here it is still one line and no traceback.
            raise DatabaseNotMigrated(
                f"the database is at revision {found or 'none'}, this version needs {needed}: run "
                "`coflow migrate`, or set COFLOW_MIGRATE_ON_START=1"
            )
    serve(settings)
    return 0


def _migrate(arguments: argparse.Namespace) -> int:
    from server import migrations

    url = load_database_url(arguments.database_url)
    before = anyio.run(migrations.current, url)
    anyio.run(migrations.upgrade, url)
    head = migrations.head()
    state = "was already at" if before == head else f"went from {before or 'nothing'} to"
    print(f"The database {state} revision {head}.")
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from server.core.auth import mint_token

    try:
        token = mint_token(
            load_settings(),
            arguments.sub,
            name=arguments.name,
            workflows=dict(arguments.workflow),
            expires_in_s=arguments.expires_in,
        )
    except ValueError as error:
        _complain(str(error))
        return EXIT_USAGE
    print(token)
    return 0


def _check_config(_arguments: argparse.Namespace) -> int:
    settings = load_settings()
    width = max(len(text.variable) for text in SETTING_TEXTS.values())
    for text in SETTING_TEXTS.values():
        print(f"{text.variable:{width}}  {_value_shown(settings, text)}".rstrip())
    _warn(settings)
    return 0


def _openapi(_arguments: argparse.Namespace) -> int:
    from server.app import create_app
    from server.core.settings import Settings

    # It depends on no setting; dev mode needs no secret.
    document = create_app(Settings(auth_mode="dev")).openapi()
    print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0


def _verify_audit(arguments: argparse.Namespace) -> int:
    url = load_database_url(arguments.database_url)
    return anyio.run(_walk_audit, url, arguments)


async def _walk_audit(url: str, arguments: argparse.Namespace) -> int:
    from crdt_store.read_only import ReadOnlyDatabase
    from rest.audit.verify import verify
    from server import migrations

    chains = entries = faults = 0
    async with ReadOnlyDatabase.open(url) as database:
        await migrations.check(database)
        async for chain in verify(database, only=arguments.workflow, expected=arguments.expect):
            chains += 1
            entries += chain.entries
            if arguments.verbose and chain.end is not None:
                print(chain.end)
            if chain.fault is not None:
                faults += 1
                _complain(f"workflow {chain.workflow_id}: {chain.fault}")
    if faults:
        _complain(f"{faults} of {chains} audits are not what was recorded")
        return EXIT_FAILED
    print(f"{entries} entries in {chains} audits: all is as it was recorded.")
    return 0


def _value_shown(settings: Settings, text: SettingText) -> str:
    value = getattr(settings, text.name)
    if text.secret and value is not None:
        return redact_text(value) if text.name == "database_url" else "(set)"
    return shown(value)


def _warn(settings: Settings) -> None:
    for warning in settings.warnings():
        print(f"coflow: warning: {warning}", file=sys.stderr)


def _complain(message: str) -> None:
    print(f"coflow: {message}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coflow", description="Collaboration server for workflow canvases."
    )
    parser.add_argument("--version", action="version", version=f"coflow {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser(
        "serve",
        help="run the server",
        description="Run the server. Every option is an environment variable too, which it "
        "overrides; secrets are taken from the environment only.",
    )
    serve.set_defaults(run=_serve)
    for text in _offered():
        # A switch may be given without its value.
        bare: dict[str, Any] = {"nargs": "?", "const": "1"} if text.type == "switch" else {}
        serve.add_argument(
            "--" + text.name.replace("_", "-"),
            metavar="WORD" if " or " in text.type else text.type.split()[-1].upper(),
            help=f"{text.description} [{text.variable}]".replace("%", "%%"),
            **bare,
        )

    migrate = commands.add_parser(
        "migrate",
        help="bring the database's schema up to date",
        description="Bring the schema of DATABASE_URL up to date; needs no other setting.",
    )
    migrate.add_argument("--database-url", metavar="URL", help="instead of DATABASE_URL")
    migrate.set_defaults(run=_migrate)

    token = commands.add_parser(
        "token",
        help="print a token that this server accepts",
        description="Sign a token with COFLOW_JWT_SECRET and print it.",
    )
    token.add_argument("sub", metavar="SUB", help="the user's id")
    token.add_argument("--name", help="the user's name, shown to others (default: SUB)")
    token.add_argument(
        "--workflow",
        metavar="ID=ROLE",
        action="append",
        default=[],
        type=_grant,
        help=f"grant a role ({', '.join(Role)}) on a workflow, or on all whose ids begin with "
        "ID when it ends in *; may be repeated",
    )
    token.add_argument(
        "--expires-in",
        metavar="TIME",
        default="1h",
        type=_duration_s,
        help="seconds, or a number with s, m, h or d (default: 1h)",
    )
    token.set_defaults(run=_token)

    check = commands.add_parser(
        "check-config",
        help="validate the settings and show them",
        description="Validate the settings and show each with its value; secrets are not shown.",
    )
    check.set_defaults(run=_check_config)

    openapi = commands.add_parser(
        "openapi",
        help="print the REST API's description",
        description="Print the OpenAPI document that the server has at /openapi.json, from which "
        "clients are generated.",
    )
    openapi.set_defaults(run=_openapi)

    audit = commands.add_parser("audit", help="verify the audits of the workflows")
    of_audit = audit.add_subparsers(required=True, metavar="COMMAND")
    verify = of_audit.add_parser(
        "verify",
        help="find audit entries that were changed or are missing",
        description="Walk the chain of hashes of every workflow's audit and name the first entry "
        "that was changed or is missing; exit code 1 if there is one. Only reads, and may run "
        "beside the server. Entries that were cut off at the end leave no trace in the chain: "
        "keep what --verbose prints somewhere else, and give it to --expect later.",
    )
    verify.add_argument("--database-url", metavar="URL", help="instead of DATABASE_URL")
    verify.add_argument(
        "--workflow",
        metavar="ID",
        action="append",
        default=[],
        help="only this one, which must have an audit; may be repeated",
    )
    verify.add_argument(
        "--expect",
        metavar="WORKFLOW:NUMBER:HASH",
        action="append",
        default=[],
        type=_audit_end,
        help="an entry that must be there; may be repeated",
    )
    verify.add_argument(
        "--verbose",
        action="store_true",
        help="print the last entry of each audit as WORKFLOW:NUMBER:HASH",
    )
    verify.set_defaults(run=_verify_audit)
    return parser


def _offered() -> list[SettingText]:
    """The settings that `serve` takes as options: not secrets, which every user's `ps` shows."""
    return [
        text for text in SETTING_TEXTS.values() if not text.secret or text.name == "database_url"
    ]


def _grant(argument: str) -> tuple[str, Role]:
    workflow_id, _, role = argument.rpartition("=")
    if not workflow_id or role not in set(Role):
        raise argparse.ArgumentTypeError(
            f"{argument!r} is not ID=ROLE with one of {', '.join(Role)}"
        )
    return workflow_id, Role(role)


def _audit_end(argument: str) -> End:
    from rest.audit.verify import End

    try:
        return End.parse(argument)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{argument!r} is not WORKFLOW:NUMBER:HASH") from None


def _duration_s(argument: str) -> int:
    match = _DURATION.fullmatch(argument)
    if match is None or int(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a time such as 90, 15m, 12h or 7d")
    return int(match[1]) * _SECONDS[match[2] or "s"]


if __name__ == "__main__":
    sys.exit(main())

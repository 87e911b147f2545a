"""Command line of the simulator: `serve` runs it, the other commands talk to the running one."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from testbed.pagerduty.account.account import DEFAULT_EVENTS
from testbed.pagerduty.api.limits import REQUESTS_PER_MINUTE
from testbed.pagerduty.oddities import ODDITIES
from testbed.pagerduty.program.client import ControlClient, ControlError
from testbed.pagerduty.program.serve import ServeOptions, default_state_file, read_state, serve
from testbed.pagerduty.program.show import show_incident, show_ledger
from testbed.pagerduty.rules import Action
from testbed.pagerduty.webhooks.foreign import PAYLOADS

Command = Callable[[ControlClient, argparse.Namespace], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    chosen = _parser().parse_args(arguments)
    if chosen.command is None:
        asyncio.run(serve(_serve_options(chosen)))
        return 0
    command: Command = chosen.command
    try:
        with ControlClient(_url(chosen)) as client:
            print(command(client, chosen))
    except ControlError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _url(chosen: argparse.Namespace) -> str:
    if chosen.url:
        return str(chosen.url)
    try:
        return str(read_state(chosen.state_file)["url"])
    except FileNotFoundError:
        raise ControlError(f"no simulator runs: {chosen.state_file} does not exist; start one with serve") from None


def _serve_options(chosen: argparse.Namespace) -> ServeOptions:
    return ServeOptions(
        port=chosen.port,
        state_file=chosen.state_file,
        latency_s=chosen.latency,
        requests_per_minute=chosen.requests_per_minute or None,
        first_pause_s=chosen.first_pause,
        with_parent=chosen.with_parent,
        connect_to=dict(chosen.connect_to),
        authority=chosen.authority,
    )


# Commands: each asks the running simulator one thing and returns what to print.


def _trigger(client: ControlClient, chosen: argparse.Namespace) -> str:
    details = json.loads(chosen.details) if chosen.details else None
    alerts = [json.loads(text) for text in chosen.alert] if chosen.alert else None
    made = client.post("incidents", service=chosen.service, title=chosen.title, custom_details=details, alerts=alerts)
    return str(made["id"])


def _acknowledge(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post(f"incidents/{chosen.incident}/acknowledge", email=chosen.by)["status"])


def _resolve(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post(f"incidents/{chosen.incident}/resolve", email=chosen.by)["status"])


def _reopen(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post(f"incidents/{chosen.incident}/reopen", email=chosen.by)["status"])


def _move(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post(f"incidents/{chosen.incident}/move", service=chosen.service, email=chosen.by)["status"])


def _show(client: ControlClient, chosen: argparse.Namespace) -> str:
    shown = client.get(f"incidents/{chosen.incident}")
    return _as_json(shown) if chosen.json else show_incident(shown)


def _list(client: ControlClient, _: argparse.Namespace) -> str:
    rows = client.get("incidents")
    return "\n".join(
        f"{row['id']}  #{row['number']}  {row['status']}  notes {row['notes']}  {row['title']}" for row in rows
    )


def _ledger(client: ControlClient, chosen: argparse.Namespace) -> str:
    ledger = client.get("ledger")
    return _as_json(ledger) if chosen.json else show_ledger(ledger)


def _summary(client: ControlClient, _: argparse.Namespace) -> str:
    return _as_json(client.get("summary"))


def _violations(client: ControlClient, _: argparse.Namespace) -> str:
    return "\n".join(client.get("violations"))


def _timings(client: ControlClient, _: argparse.Namespace) -> str:
    return _as_json(client.get("timings"))


def _add_user(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("users", name=chosen.name, email=chosen.email)["id"])


def _add_token(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("tokens", email=chosen.email, read_only=chosen.read_only)["token"])


def _add_team(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("teams", name=chosen.name)["id"])


def _add_service(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("services", name=chosen.name, teams=chosen.team)["id"])


def _subscribe(client: ControlClient, chosen: argparse.Namespace) -> str:
    made = client.post("subscriptions", url=chosen.webhook_url, scope=chosen.scope, events=chosen.event)
    return f"{made['id']} {made['secret']}"


def _ping(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post(f"subscriptions/{chosen.subscription}/ping")["webhook_id"])


def _enable(client: ControlClient, chosen: argparse.Namespace) -> str:
    client.post(f"subscriptions/{chosen.subscription}/enable")
    return "enabled"


def _add_rule(client: ControlClient, chosen: argparse.Namespace) -> str:
    names = ("method", "path", "event", "nth", "every", "probability", "seed", "times", "seconds", "status", "field")
    given = {name: getattr(chosen, name) for name in (*names, "oddity")}
    return _as_json(client.post("rules", action=chosen.action, headers=not chosen.bare, **given))


def _list_rules(client: ControlClient, _: argparse.Namespace) -> str:
    return _as_json(client.get("rules"))


def _clear_rules(client: ControlClient, _: argparse.Namespace) -> str:
    client.delete("rules")
    return "cleared"


def _send_foreign(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("foreign", url=chosen.to, kind=chosen.kind)["status"])


def _advance(client: ControlClient, chosen: argparse.Namespace) -> str:
    return str(client.post("clock/advance", seconds=chosen.seconds)["now"])


def _set(client: ControlClient, chosen: argparse.Namespace) -> str:
    return _as_json(client.post("settings", latency_s=chosen.latency, requests_per_minute=chosen.requests_per_minute))


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


# The grammar of the command line.


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m testbed.pagerduty", description=__doc__)
    parser.add_argument("--state-file", type=Path, default=default_state_file(), help="where serve says where it is")
    parser.add_argument("--url", help="address of a running simulator, instead of the state file")
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_serve(commands)
    _add_incident_commands(commands)
    _add_account_commands(commands)
    _add_misbehaviour_commands(commands)
    return parser


def _command(commands: Any, name: str, help_text: str, run: Command | None) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help_text)
    # Also after the command, where people write it; SUPPRESS keeps what stood before it.
    parser.add_argument("--state-file", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--url", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(command=run)
    return parser


def _add_serve(commands: Any) -> None:
    parser = _command(commands, "serve", "run the simulator and print its URL", None)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that every REST call takes")
    parser.add_argument("--requests-per-minute", type=int, default=REQUESTS_PER_MINUTE, help="0 switches the limit off")
    parser.add_argument("--first-pause", type=float, default=1.0, help="seconds before the first retry; then doubled")
    parser.add_argument("--with-parent", action="store_true", help="end when the parent process ends")
    parser.add_argument(
        "--connect-to",
        action="append",
        default=[],
        type=_detour,
        metavar="HOST=ADDRESS:PORT",
        help="where webhooks for a host are sent; may be repeated",
    )
    parser.add_argument("--authority", help="file with the only authority whose certificates webhooks trust")


def _detour(text: str) -> tuple[str, str]:
    host, _, place = text.partition("=")
    if not host or not place.rpartition(":")[2].isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST=ADDRESS:PORT")
    return host, place


def _add_incident_commands(commands: Any) -> None:
    trigger = _command(commands, "trigger", "open an incident and print its id", _trigger)
    trigger.add_argument("service", help="id or name")
    trigger.add_argument("title")
    trigger.add_argument("--details", help="custom details of the alert, as JSON")
    trigger.add_argument("--alert", action="append", help="one alert as JSON; may be repeated")
    changes = (
        ("ack", "acknowledge", _acknowledge),
        ("resolve", "resolve", _resolve),
        ("reopen", "reopen", _reopen),
        ("move", "move", _move),
    )
    for name, help_text, run in changes:
        change = _command(commands, name, f"{help_text} an incident", run)
        change.add_argument("incident", help="id or number")
        if name == "move":
            change.add_argument("service", help="id or name of where it belongs")
        change.add_argument("--by", help="email of the person")
    show = _command(commands, "show", "show an incident with its notes", _show)
    show.add_argument("incident", help="id or number")
    show.add_argument("--json", action="store_true")
    _command(commands, "list", "list the incidents", _list)
    ledger = _command(commands, "ledger", "show what was sent, accepted and dropped", _ledger)
    ledger.add_argument("--json", action="store_true")
    _command(commands, "summary", "show the counts of losses, duplicates and notes", _summary)
    _command(commands, "timings", "show when webhooks left and notes came", _timings)
    _command(commands, "violations", "show what clients did wrong", _violations)


def _add_account_commands(commands: Any) -> None:
    user = _command(commands, "user", "add a person and print the id", _add_user)
    user.add_argument("name")
    user.add_argument("email")
    token = _command(commands, "token", "make a REST key and print it", _add_token)
    token.add_argument("--email", help="make it this person's own key")
    token.add_argument("--read-only", action="store_true")
    team = _command(commands, "team", "add a team and print its id", _add_team)
    team.add_argument("name")
    service = _command(commands, "service", "add a service and print its id", _add_service)
    service.add_argument("name")
    service.add_argument("--team", action="append", default=[], help="id of a team whose it is; may be repeated")
    subscribe = _command(commands, "subscribe", "make a subscription and print its id and secret", _subscribe)
    subscribe.add_argument("webhook_url")
    subscribe.add_argument("--scope", default="account", help='"account", or the id of a service or a team')
    subscribe.add_argument("--event", action="append", help=f"may be repeated; default: {', '.join(DEFAULT_EVENTS)}")
    for name, help_text, run in (("ping", "send the test event to", _ping), ("enable", "switch on again", _enable)):
        parser = _command(commands, name, f"{help_text} a subscription", run)
        parser.add_argument("subscription")


def _add_misbehaviour_commands(commands: Any) -> None:
    rule = _command(commands, "rule", "misbehave on demand", None)
    verbs = rule.add_subparsers(required=True, metavar="verb")
    add = _command(verbs, "add", "add a rule", _add_rule)
    add.add_argument("action", choices=[str(action) for action in Action])
    for name in ("method", "path", "event", "field"):
        add.add_argument(f"--{name}")
    for name in ("nth", "every", "seed", "times", "status"):
        add.add_argument(f"--{name}", type=int)
    for name in ("probability", "seconds"):
        add.add_argument(f"--{name}", type=float)
    add.add_argument("--oddity", choices=ODDITIES, help="what stands in the field of an odd answer or webhook")
    add.add_argument("--bare", action="store_true", help="a 429 without headers and body")
    foreign = _command(commands, "foreign", "send what another system would", _send_foreign)
    foreign.add_argument("kind", choices=list(PAYLOADS))
    foreign.add_argument("to", help="the webhook URL, or that of /v1/events")
    _command(verbs, "list", "show the rules with their counts", _list_rules)
    _command(verbs, "clear", "behave again", _clear_rules)
    clock = _command(commands, "clock", "move the clock", None)
    advance = _command(clock.add_subparsers(required=True, metavar="verb"), "advance", "by seconds", _advance)
    advance.add_argument("seconds", type=float)
    settings = _command(commands, "set", "change the latency or the rate limit", _set)
    settings.add_argument("--latency", type=float)
    settings.add_argument("--requests-per-minute", type=int)

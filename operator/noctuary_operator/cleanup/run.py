"""The clean-up's process: what would go is shown, a person is asked, and what went is said."""

import sys
from collections.abc import Callable
from functools import partial

import uvloop

from noctuary.common.errors import InvalidInput, KubernetesError, KubernetesUnavailable, NoctuaryError, is_refusal
from noctuary.common.settings.process import DONE, FAILED
from noctuary.kube.client import KubeClient
from noctuary_operator.cleanup.settings import CleanupSettings
from noctuary_operator.cleanup.steps import CleanupFailed, clean_up, require_namespace, survey


async def run_survey(settings: CleanupSettings) -> tuple[str, list[str]]:
    """Return the API server's address and what would be removed, on a connection of our own."""
    client = await KubeClient.connect(settings.kubeconfig)
    try:
        await require_namespace(client, settings.release_namespace)
        return client.server, await survey(client, settings)
    except KubernetesUnavailable as error:
        problem = f"the API server at {client.server} does not answer ({error.reason}), so nothing was changed"
        raise CleanupFailed(problem) from error
    except KubernetesError as error:
        raise _not_allowed(client, settings, error) from error
    finally:
        await client.close()


def _not_allowed(client: KubeClient, settings: CleanupSettings, error: KubernetesError) -> NoctuaryError:
    """Return what a refusal means for a person, where it is one of who asks or of what he may."""
    if error.is_login:
        return InvalidInput("NOCTUARY_KUBECONFIG", f"{client.server} does not know its user ({error})", "log in anew")
    if is_refusal(error):
        fix = f"use a user who may list and delete in namespace {settings.release_namespace}"
        return InvalidInput("NOCTUARY_KUBECONFIG", f"its user may not do this ({error})", fix)
    return error


async def run_cleanup(settings: CleanupSettings) -> int:
    """Clean up on a connection of our own; return how many objects were removed, without the Leases."""
    client = await KubeClient.connect(settings.kubeconfig)
    try:
        return await clean_up(client, settings)
    finally:
        await client.close()


def run(settings: CleanupSettings, *, dry_run: bool = False, yes: bool = False) -> int:
    """Show what would go, ask unless told `yes`, and remove it; return the exit code.

    Raises CleanupFailed and KubernetesError when something is left.
    """
    say = partial(print, end="", flush=True)
    server, found = uvloop.run(run_survey(settings))
    say(plan(settings, server, found))
    if dry_run:
        say("Nothing was changed: this was a dry run.\n")
        return DONE
    if not (found or settings.stop_workloads):
        return DONE
    if not (yes or confirmed()):
        say("Nothing was changed.\n")
        return FAILED
    removed = uvloop.run(run_cleanup(settings))
    say(
        f"Removed {removed} objects and the Leases; namespace {settings.release_namespace} holds nothing of ours now.\n"
    )
    return DONE


def plan(settings: CleanupSettings, server: str, found: list[str]) -> str:
    """Say for a person what would be stopped and removed, and where."""
    namespace = settings.release_namespace
    if not (found or settings.stop_workloads):
        return f"Namespace {namespace} of {server} holds nothing that the operator made.\n"
    lines = [f"In namespace {namespace} of {server}:"]
    lines += [f"  stop    {workload}" for workload in settings.stop_workloads]
    lines += [f"  remove  {each}" for each in found] or ["  remove  nothing: the operator made nothing there"]
    if not settings.stop_workloads:
        lines.append("Stop the operator first, or it makes all of it anew; while it is at work, nothing is removed.")
    lines.append("Webhook URLs of all integrations of this release stop working. Integrations and their Secrets stay.")
    return "\n".join(lines) + "\n"


def confirmed(ask: Callable[[str], str] = input) -> bool:
    """Ask the person at the terminal; raises InvalidInput where there is none."""
    if not sys.stdin.isatty():
        fix = "add --yes to go on without a question, or --dry-run to change nothing"
        raise InvalidInput("--yes", "is missing, and nobody can be asked: this is no terminal", fix)
    try:
        return ask("Go on? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False

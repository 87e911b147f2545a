"""What other systems tell: flags, deploys of pipelines, migrations, GitOps."""

from testbed.evaluation.families.common import API, ERRORS, PAY, SLOW, Play, alert, failing_requests, louder
from testbed.evaluation.recording.ailments import crash, saying, unready, well
from testbed.evaluation.recording.place import Place
from testbed.evaluation.scenario import Scenario, change

POSTED = "posted"
NULL = "ERROR TypeError: Cannot read properties of undefined (reading 'price')\n" * 30


def flag(role: str, name: str, before: float, log: str, *, ailing: bool, loud: bool = False) -> Play:
    """Somebody switches a feature flag on."""

    async def play(place: Place) -> None:
        service = getattr(place, role)
        place.post(service, -before, "flag_change", "launchdarkly", name, old_value="off", new_value="on", actor="dana")
        await place.at(-before + 20)
        await place.fail(service, saying(log, unready("HTTP probe failed with statuscode: 500") if ailing else well))
        failing_requests(place, service, -before + 15, errors=40.0)
        if loud:
            await louder(place)
        alert(place, role, ERRORS)

    return play


def migration(*, locks: bool) -> Play:
    """A migration of the schema locks a table, or drops a column that is still read."""

    async def play(place: Place) -> None:
        place.post(place.pay, -260, "schema_change", "flyway", "V42__orders", new_value="V42", actor="ci")
        await place.at(-240)
        log = "ERROR canceling statement due to lock timeout\n" if locks else 'ERROR column "total" does not exist\n'
        await place.fail(place.pay, saying(log * 30, unready("HTTP probe failed with statuscode: 500")))
        failing_requests(place, place.pay, -240, errors=30.0, seconds=9.0 if locks else 0.2)
        alert(place, "pay", SLOW if locks else ERRORS)

    return play


def deployed(role: str, vendor: str, by: str, tag: str, before: float, log: str) -> Play:
    """A pipeline or a GitOps tool tells of the deploy that the cluster shows as well."""

    async def play(place: Place) -> None:
        name = getattr(place, role)
        place.post(name, -before, "deploy", vendor, name, new_value=tag, sha="9f2c1e7a54b0", actor="ci")
        await place.at(-before + 10)
        await place.fail(name, crash(log, lives=12), new=True)
        await place.roll(name, tag, by=by)
        alert(place, role)

    return play


def configured(before: float) -> Play:
    """A setting outside the cluster is changed, as another system tells."""

    async def play(place: Place) -> None:
        place.post(
            place.api, -before, "config_change", "consul", "rate-limit", old_value="5000", new_value="50", actor="lee"
        )
        await place.at(-before + 15)
        await place.fail(place.api, saying("WARN 429 rate limit exceeded (50/s)\n" * 30, well))
        failing_requests(place, place.api, -before + 10, errors=60.0)
        alert(place, "api", ERRORS)

    return play


SCENARIOS = [
    Scenario(
        "told/flag-breaks-payments",
        change("External/{pay}/new-pricing", "flag_change", slices="posted metrics"),
        flag("pay", "new-pricing", 150, NULL, ailing=True),
    ),
    Scenario(
        "told/flag-breaks-answers-only",
        change("External/{api}/search-v2", "flag_change", slices="posted metrics"),
        flag("api", "search-v2", 240, NULL, ailing=False),
    ),
    Scenario(
        "told/flag-beside-a-loud-release",
        change("External/{pay}/one-click", "flag_change", slices="posted metrics louder"),
        flag("pay", "one-click", 420, NULL, ailing=False, loud=True),
    ),
    Scenario(
        "told/migration-locks",
        change("External/{pay}/V42__orders", "schema_change", slices="posted metrics"),
        migration(locks=True),
    ),
    Scenario(
        "told/migration-drops-a-column",
        change("External/{pay}/V42__orders", "schema_change", slices="posted metrics"),
        migration(locks=False),
    ),
    Scenario(
        "told/rate-limit-outside",
        change("External/{api}/rate-limit", "config_change", slices="posted metrics"),
        configured(300),
    ),
    Scenario(
        "told/pipeline-deploys",
        change(API, "rollout", "crash_loop", slices="posted", also=("External/{api}/{api}",)),
        deployed("api", "github-actions", "kubectl-set", "14.0.0", 220, "Error: Cannot find module './routes'\n"),
    ),
    Scenario(
        "told/argo-cd-syncs",
        change(PAY, "rollout", "crash_loop", slices="posted", also=("External/{pay}/{pay}",)),
        deployed("pay", "argocd", "argocd-controller", "14.1.0", 320, "KeyError: 'CURRENCY'\n"),
    ),
]

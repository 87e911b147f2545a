"""Programs that end, cannot be started, or answer wrongly."""

from testbed.live.images import image
from testbed.live.manifests import container, deployment, recreated, service, variables
from testbed.live.place import Place
from testbed.live.scenario import ERRORS, Manifest, Scenario
from testbed.live.scenarios.truths import bad_rollout, fault

_CRASH = ("crash|exit code",)
_START_FAILS = ("StartError", "RunContainerError", "CrashLoopBackOff", "CreateContainerError", "Error")


def _web(place: Place) -> list[Manifest]:
    return [deployment(place.app, replicas=2), service(place.app)]


def _recreated(place: Place) -> list[Manifest]:
    return [recreated(place.app), service(place.app)]


def _with_words(place: Place) -> list[Manifest]:
    return [
        deployment(place.app, container(env=variables(LAST_WORDS="lost the queue", EXIT_CODE="4"))),
        service(place.app),
    ]


def _crash_on(tag: str, place: Place) -> None:
    place.set_image(tag)
    place.wait_state(*_START_FAILS)
    place.wait_restarted(1)


def _crash(place: Place) -> None:
    _crash_on("2.0.0", place)


def _no_file(place: Place) -> None:
    _crash_on("3.0.0", place)


def _other_machine(place: Place) -> None:
    _crash_on("3.1.0", place)


def _not_executable(place: Place) -> None:
    _crash_on("3.2.0", place)


def _ends_at_once(place: Place) -> None:
    _crash_on("2.6.0", place)


def _wrong_command(place: Place) -> None:
    place.change_container(command=["/bin/serve"])
    place.wait_state(*_START_FAILS)


def _wrong_port(place: Place) -> None:
    place.set_image("2.7.0")
    place.wait(
        "no old pod", lambda: all(image("2.7.0") == pod["spec"]["containers"][0]["image"] for pod in place.pods())
    )
    place.wait_unready()
    place.wait_event("Unhealthy")


def _answers_wrongly(place: Place) -> None:
    place.set_image("2.1.0")
    place.rolled_out()


def _ends_late(place: Place) -> None:
    """Every start of it ends again: the program has lost something for good."""
    for _ in range(4):
        place.misbehave("exit")
        place.wait("another end", lambda: not place.answers())
        place.wait("its restart", lambda: place.answers() or "CrashLoopBackOff" in place.states())
    place.wait_state("CrashLoopBackOff")


SCENARIOS = (
    Scenario("crash", _web, bad_rollout("crashes at start", "2.0.0", symptom=_CRASH), _crash, pods=3),
    Scenario("crash-recreate", _recreated, bad_rollout("crashes at start", "2.0.0", symptom=_CRASH), _crash),
    Scenario("crash-aged", _recreated, bad_rollout("crashes at start", "2.0.0", symptom=_CRASH), _crash, age=True),
    Scenario("crash-late-aged", _with_words, fault("exits by itself long after", *_CRASH), _ends_late, age=True),
    Scenario("no-file", _recreated, bad_rollout("program is missing", "3.0.0", symptom=("start.sh",)), _no_file),
    Scenario("other-machine", _recreated, bad_rollout("exec format error", "3.1.0", symptom=_CRASH), _other_machine),
    Scenario(
        "not-executable", _recreated, bad_rollout("not executable", "3.2.0", symptom=("permission",)), _not_executable
    ),
    Scenario(
        "ends-at-once", _recreated, bad_rollout("ends at once with 0", "2.6.0", symptom=("exit code 0",)), _ends_at_once
    ),
    Scenario(
        "wrong-command",
        _recreated,
        bad_rollout("command that does not exist", "command|/bin/serve|serve", symptom=("/bin/serve",)),
        _wrong_command,
    ),
    Scenario(
        "wrong-port", _recreated, bad_rollout("listens on another port", "2.7.0", symptom=("readiness",)), _wrong_port
    ),
    Scenario(
        "answers-wrongly", _web, bad_rollout("ready, but answers 500", "2.1.0"), _answers_wrongly, pods=2, alert=ERRORS
    ),
    Scenario(
        "answers-wrongly-aged",
        _web,
        bad_rollout("ready, but answers 500", "2.1.0"),
        _answers_wrongly,
        age=True,
        pods=2,
        alert=ERRORS,
    ),
)

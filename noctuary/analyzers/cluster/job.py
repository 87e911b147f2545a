"""Jobs that failed, and CronJobs that start none."""

from noctuary.analyzers.base import Advice, Analyzer, Wording, is_crash, kubectl
from noctuary.models import details
from noctuary.models.diagnosis import JOB_KINDS, Fault, Subject

FAILED = {
    "BackoffLimitExceeded": "failed: its pods failed too often",
    "DeadlineExceeded": "failed: it ran longer than its deadline",
    "PodFailurePolicy": "failed: its pod failure policy ended it",
    "FailedIndexes": "failed: some of its indexes failed",
    "MaxFailedIndexesExceeded": "failed: too many of its indexes failed",
}
NOT_STARTED = {
    "TooManyMissedTimes": "starts no job: it missed too many times",
    "MissSchedule": "missed a time to start its job",
    "InvalidSchedule": "starts no job: its schedule is none",
    "UnparseableCronJobSchedule": "starts no job: its schedule is none",
    "UnknownTimeZone": "starts no job: its time zone is unknown",
}

SUSPENDED, CRON_SUSPENDED, BLOCKED = "JobSuspended", "CronJobSuspended", "RunDoesNotEnd"
IDLE = {
    SUSPENDED: "is suspended, so it runs no pods",
    CRON_SUSPENDED: "is suspended, so it starts no job",
    BLOCKED: "starts no job while its last one runs",
}
"""What is as somebody asked for, by our own words: nothing reports it."""


class Job(Analyzer):
    """The controller gave up; why the pods failed is a fault of theirs."""

    kind = "job"
    reasons = frozenset({*FAILED, *NOT_STARTED, *IDLE})
    prior = 0.15
    why = "a job that fails is its own fault, or that of its pods"
    names_reason = True

    def follows_from(self, _fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from whatever is wrong with its pods by itself."""
        return root.kind != self.kind and (root_explains or is_crash(root))

    def is_outside(self, fault: Fault) -> bool:
        """Tell that what is suspended, or waits for its last run, is so whatever it would run."""
        return fault.details.get(details.REASON) in IDLE

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return why it failed, or starts nothing."""
        reason = fault.details.get(details.REASON, "")
        if fault.pods and reason not in IDLE:
            return f"{wording.pods} ran longer than {'their' if wording.is_many else 'its'} deadline"
        is_cron = reason in NOT_STARTED or reason in (CRON_SUSPENDED, BLOCKED)
        noun = "cron job" if is_cron or fault.subject.kind == "CronJob" else "job"
        return f"{noun} {wording.name} {(FAILED | NOT_STARTED | IDLE).get(reason, 'failed')}"

    def remedy(self, fault: Fault, pod: Subject, describe: str) -> Advice:
        """Return what starts it again; of one that failed, a look at its pods."""
        subject, reason = fault.subject, fault.details.get(details.REASON)
        if reason not in IDLE or subject.kind not in JOB_KINDS:
            return super().remedy(fault, pod, describe)
        look = kubectl(subject, "describe", kind=subject.kind) or describe
        if reason == BLOCKED:
            return Advice(command=look, remark="see why its last job does not end, or end that")
        return Advice(command=look, remark="set suspend to false, unless this was meant")

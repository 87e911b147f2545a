"""Jobs that failed, and CronJobs that start none."""

from noctuary.analyzers.base import Analyzer, Wording, is_crash
from noctuary.models import details
from noctuary.models.diagnosis import Fault

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


class Job(Analyzer):
    """The controller gave up; why the pods failed is a fault of theirs."""

    kind = "job"
    reasons = frozenset({*FAILED, *NOT_STARTED})
    prior = 0.15
    why = "a job that fails is its own fault, or that of its pods"
    names_reason = True

    def follows_from(self, _fault: Fault, root: Fault, *, root_explains: bool) -> bool:
        """Follow from whatever is wrong with its pods by itself."""
        return root.kind != self.kind and (root_explains or is_crash(root))

    def sentence(self, fault: Fault, wording: Wording) -> str:
        """Return why it failed, or starts nothing."""
        reason = fault.details.get(details.REASON, "")
        if fault.pods:
            return f"{wording.pods} ran longer than {'their' if wording.is_many else 'its'} deadline"
        noun = "cron job" if reason in NOT_STARTED or fault.subject.kind == "CronJob" else "job"
        return f"{noun} {wording.name} {FAILED.get(reason) or NOT_STARTED.get(reason, 'failed')}"

"""What a condition says of each quota that the receiver may report."""

from typing import get_args, get_type_hints

from noctuary.models.reports import QuotaReport
from noctuary.store.limits import Quota
from noctuary_operator.plan.quotas import QUOTA_MENDS


def test_each_quota_of_the_store_can_be_reported_and_has_words_of_its_own() -> None:
    quotas = {quota.value for quota in Quota}
    assert quotas == set(get_args(get_type_hints(QuotaReport)["of"])) == QUOTA_MENDS.keys()

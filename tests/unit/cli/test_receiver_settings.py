"""Settings of the receiver that a release gives as text."""

from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from noctuary.incidents.evidence.sight import IGNORED_REASONS
from webhook_receiver.settings import ReceiverSettings

CHART = Path(__file__).resolve().parents[3] / "charts/noctuary/values.yaml"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ('["PolicyViolation","OurAudit"]', ("PolicyViolation", "OurAudit")),
        ("PolicyViolation, OurAudit", ("PolicyViolation", "OurAudit")),
        ("[]", ()),
        (None, IGNORED_REASONS),
        ("null", IGNORED_REASONS),
    ],
)
def test_reasons_to_ignore_are_read(
    told: str | None, kept: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if told is not None:
        monkeypatch.setenv("NOCTUARY_IGNORED_REASONS", told)
    assert ReceiverSettings(data_dir=tmp_path).ignored_reasons == kept


@pytest.mark.parametrize("told", ["policy violation", "Back-Off", "A" * 129, ",".join(f"A{n}" for n in range(101))])
def test_what_is_no_reason_is_refused(told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOCTUARY_IGNORED_REASONS", told)
    with pytest.raises(ValidationError, match="ignored_reasons"):
        ReceiverSettings(data_dir=tmp_path)


def test_the_chart_ignores_what_the_receiver_does_by_itself() -> None:
    values = yaml.safe_load(CHART.read_text(encoding="utf-8"))
    assert tuple(values["receiver"]["ignoredReasons"]) == IGNORED_REASONS

"""A strict stand-in for PagerDuty with a memory: REST API, signed webhooks, a ledger, and misbehaviour on demand."""

from testbed.pagerduty.account.account import DEFAULT_EVENTS
from testbed.pagerduty.rules import Action, Rule
from testbed.pagerduty.simulator import PagerDutySimulator
from testbed.pagerduty.webhooks.delivery import DeliverySettings

__all__ = ["DEFAULT_EVENTS", "Action", "DeliverySettings", "PagerDutySimulator", "Rule"]

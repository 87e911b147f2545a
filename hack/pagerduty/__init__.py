"""A strict stand-in for PagerDuty with a memory: REST API, signed webhooks, a ledger, and misbehaviour on demand."""

from hack.pagerduty.delivery import DeliverySettings
from hack.pagerduty.rules import Action, Rule
from hack.pagerduty.simulator import PagerDutySimulator
from hack.pagerduty.world import DEFAULT_EVENTS

__all__ = ["DEFAULT_EVENTS", "Action", "DeliverySettings", "PagerDutySimulator", "Rule"]

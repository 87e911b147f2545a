"""The address of PagerDuty's API in its one spelling: budgets, clients and incidents are told apart by it."""

from noctuary.common.urls import normal_url

__all__ = ["normal_url"]

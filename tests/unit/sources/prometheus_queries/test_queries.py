"""The documented queries: each measures what it says, and holds no name that Kubernetes would not give."""

from pathlib import Path

import pytest

from noctuary.models.diagnosis import Relation, ServiceView
from noctuary.sources.metrics.answers import Series
from noctuary.sources.metrics.kinds import is_counter, kind_of
from noctuary.sources.metrics.queries import QUERIES, Query, queries_for
from tests.unit.sources.metrics.signals_of_a_service import pod

PAGE = Path("docs/reference/metrics-queries.md")


def service(name: str, namespace: str = "shop") -> ServiceView:
    return ServiceView(name, Relation.OWN, "shop", [namespace])


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_its_name_tells_what_it_measures(query: Query) -> None:
    series = Series(query.name, {"namespace": "shop", "pod": "web-0"}, [(1, 1), (2, 2)])
    assert kind_of(series) is query.kind
    assert not is_counter(series)


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_it_is_documented_as_it_is_asked(query: Query) -> None:
    asked = {each.name: promql for each, promql in queries_for([service("web")], [])}
    page = PAGE.read_text()
    assert f"### {query.name}\n" in page
    assert asked[query.name] in page


def test_it_asks_for_the_workloads_of_the_incident_only() -> None:
    for _, promql in queries_for([service("web")], [pod()]):
        assert 'namespace=~"shop"' in promql
        assert '"(web)-.+|web"' in promql or 'destination_workload=~"web"' in promql


@pytest.mark.parametrize("name", ['x"} or up{a="', "UPPER", "a b", ".*", ""])
def test_what_is_no_name_is_in_no_query(name: str) -> None:
    assert list(queries_for([service(name)], [])) == []
    assert list(queries_for([service("web", name)], [])) == []

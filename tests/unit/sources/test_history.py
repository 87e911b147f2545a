"""How often Warnings had been counted: a few points of each, and of every namespace its share."""

from noctuary.sources.kubernetes.words.history import MAX_POINTS, EventHistory


def grown(history: EventHistory, namespace: str = "shops") -> str:
    """Let one Event be counted again and again, and return what is known of it."""
    return [history.add(namespace, "e", 0.0, minute * 60.0, minute) for minute in range(1, 6)][-1]


def flood(history: EventHistory, namespace: str, events: int) -> None:
    for number in range(events):
        history.add(namespace, f"{namespace}-{number}", 0.0, 0.0, 1)


def test_a_history_reaches_back_to_its_beginning_with_few_points() -> None:
    history = EventHistory()
    told = [history.add("shops", "e", 0.0, minute * 60.0, minute) for minute in range(1, 500)][-1].split()
    assert len(told) <= MAX_POINTS
    assert (told[0], told[-1]) == ("60:1", "29940:499")


def test_what_is_counted_again_within_a_minute_only_replaces_the_present() -> None:
    history = EventHistory()
    history.add("shops", "e", 0.0, 0.0, 1)
    told = [history.add("shops", "e", 0.0, at, count) for at, count in ((10.0, 2), (20.0, 3))]
    assert told == ["0:1 10:2", "0:1 20:3"]


def test_a_flood_in_one_namespace_takes_no_other_s_history() -> None:
    history = EventHistory(max_events=100)
    known = grown(history)
    flood(history, "evil", 1000)
    assert history.add("shops", "e", 0.0, 360.0, 6) == f"{known} 360:6"


def test_who_comes_after_a_flood_has_a_history_as_well() -> None:
    history = EventHistory(max_events=100)
    flood(history, "evil", 1000)
    assert grown(history) == grown(EventHistory())


def test_of_the_fullest_namespace_what_was_counted_longest_ago_goes_first() -> None:
    history = EventHistory(max_events=16)
    flood(history, "shops", 16)
    history.add("shops", "shops-0", 0.0, 600.0, 2)
    history.add("shops", "new", 600.0, 600.0, 1)
    assert history.add("shops", "shops-0", 0.0, 1200.0, 3) == "0:1 600:2 1200:3"
    assert history.add("shops", "shops-1", 0.0, 1200.0, 3) == "0:1 1200:3"


def test_a_forgotten_event_makes_room() -> None:
    history = EventHistory(max_events=2)
    flood(history, "a", 2)
    history.forget("a", "a-0")
    history.add("b", "e", 0.0, 0.0, 1)
    assert history.add("a", "a-1", 0.0, 60.0, 2) == "0:1 60:2"
    history.forget_all_but([("b", "e")])
    assert history.add("a", "a-1", 100.0, 100.0, 1) == "100:1"

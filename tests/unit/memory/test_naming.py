"""The names of clusters."""

from __future__ import annotations

from timeloom_memory.upkeep.naming import names_of

TEA = ["Ann drinks green tea.", "Green tea again for Ann.", "She bought green tea from Kyoto."]
DEPLOYING = ["The deployment failed.", "Deployments fail on Friday.", "A deployment was rolled back."]
HIKING = ["Hiking in the Alps.", "We hiked around the lake.", "A hike before sunrise."]


def test_a_name_tells_a_cluster_from_the_others() -> None:
    tea, deploying, hiking = names_of([TEA, DEPLOYING, HIKING])
    assert tea.terms[0] == "green tea"
    assert deploying.terms[0] in {"deployment", "deployments"}
    assert hiking.terms[0] in {"hiking", "hiked", "hike"}


def test_a_pair_of_words_stands_for_both() -> None:
    tea, *_ = names_of([TEA, DEPLOYING])
    assert not {"green", "tea"} & set(tea.terms)


def test_what_all_clusters_speak_of_names_none() -> None:
    with_ann = [[f"Ann said so. {text}" for text in texts] for texts in (DEPLOYING, HIKING)]
    assert all("Ann" not in named.terms[:1] for named in names_of(with_ann))


def test_proper_names_keep_their_capitals() -> None:
    kyoto, _ = names_of([["Trains to Kyoto run hourly.", "Temples of Kyoto.", "Kyoto hotels."], DEPLOYING])
    assert kyoto.terms[0] == "Kyoto"


def test_no_two_clusters_have_the_same_name() -> None:
    names = [named.name for named in names_of([TEA, TEA, TEA])]
    assert len(set(names)) == 3


def test_a_cluster_without_words_has_a_name_too() -> None:
    assert [named.name for named in names_of([["?!", "..."], ["---"]])] == ["unnamed", "unnamed (2)"]

from __future__ import annotations

import pytest

from simcse_core.config import POOLINGS, RunConfig
from simcse_core.errors import ConfigError
from simcse_core.presets import PRESETS, preset


def test_round_trips_through_plain_values() -> None:
    config = RunConfig().with_settings(
        {"loss.temperature": 0.1, "optim.steps": 7, "seed": 3, "encoder.name": "x"}
    )
    assert RunConfig.from_dict(config.to_dict()) == config
    assert RunConfig.from_dict(config.to_dict()).digest() == config.digest()
    assert RunConfig.from_dict({}) == RunConfig()


def test_the_digest_follows_every_setting() -> None:
    digests = {RunConfig().digest()}
    for key, value in {
        "seed": 1,
        "optim.steps": 21,
        "loss.temperature": 0.07,
        "encoder.dropout": 0.2,
    }.items():
        digests.add(RunConfig().with_settings({key: value}).digest())
    assert len(digests) == 5


def test_says_everything_that_is_wrong_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig().with_settings({"optim.steps": -1, "colour": 2, "encoder.poling": "mean", "seed": -5})
    for part in ("optim.steps is -1", "colour", "poling", "seed is -5"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optim.batch_size", 1),
        ("optim.batch_size", 2.5),
        ("optim.learning_rate", float("nan")),
        ("optim.learning_rate", "fast"),
        ("encoder.pooling", "middle"),
        ("encoder.name", "  "),
        ("seed", "seven"),
    ],
)
def test_refuses_bad_values(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=key.split(".")[-1]):
        RunConfig().with_settings({key: value})


def test_components_are_checked_against_their_signature() -> None:
    full = RunConfig().check()
    assert full.loss.parameters == {"temperature": 0.05, "hard_weight": 1.0}
    with pytest.raises(ConfigError, match="temperature is 99"):
        RunConfig().with_settings({"loss.temperature": 99}).check()
    with pytest.raises(ConfigError, match="no parameter 'margin'"):
        RunConfig().with_settings({"loss.margin": 1}).check()
    with pytest.raises(ConfigError, match="no view called"):
        RunConfig().with_settings({"view.name": "teleport"}).check()


def test_a_new_component_starts_from_its_own_defaults() -> None:
    config = (
        RunConfig()
        .with_settings({"loss.temperature": 0.1})
        .with_settings({"loss.name": "info_nce_interleaved"})
    )
    assert config.check().loss.parameters == {"temperature": 0.05}


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(ConfigError, match="format 99"):
        RunConfig.from_dict({"format": 99})


@pytest.mark.parametrize("name", list(PRESETS))
def test_presets_are_valid_and_sourced(name: str) -> None:
    made = preset(name)
    assert made.config.check().preset == name
    assert made.source and made.title and made.deviations


def test_unknown_preset() -> None:
    with pytest.raises(ConfigError, match="live"):
        preset("nope")


def test_poolings_are_those_registered() -> None:
    from simcse_core.encoders.poolers import poolers

    assert set(POOLINGS) == set(poolers)


@pytest.mark.parametrize(
    "settings", [{"view.first": "no place [MASK]"}, {"encoder.template": "[X] and no mask"}]
)
def test_templates_are_checked_before_a_run(settings: dict[str, str]) -> None:
    wanted = {"view.name": "prompt", "encoder.pooling": "mask", **settings}
    with pytest.raises(ConfigError, match=next(iter(settings))):
        RunConfig().with_settings(wanted).check()

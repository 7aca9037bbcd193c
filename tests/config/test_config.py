"""`twinkeel.toml`: what it says is read, and what it says wrong is told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from twinkeel import config
from twinkeel.errors import ConfigError, UsageError
from twinkeel.project import Project

GOOD: dict[str, Any] = {
    "project": {"name": "telecom"},
    "sources": {"customers": {"path": "customers.csv"}},
    "components": {
        "churn": {
            "kind": "classifier",
            "source": "customers",
            "target": "Churn",
            "time_limit": "40s",
            "memory_limit": "4 GB",
            "work_limit": 3,
            "exclude": ["Note"],
            "time": "Date",
            "group": "Household",
            "weight": "Weight",
            "costs": {"Yes": {"No": 500.0}},
            "gates": {"roc_auc": ">= 0.8"},
        }
    },
}


def changed(**tables: Any) -> dict[str, Any]:
    return {**GOOD, **tables}


def component(**keys: Any) -> dict[str, Any]:
    return changed(components={"churn": {**GOOD["components"]["churn"], **keys}})


def expecting(**keys: Any) -> dict[str, Any]:
    return changed(sources={"customers": {"path": "customers.csv", "expect": keys}})


def test_expectations_are_read_whole() -> None:
    keys = {
        "on_violation": "report",
        "rows": {"min": 1000},
        "fresh": {"column": "day", "within": "7d"},
        "columns": {"tenure": {"min": 0, "values": [1, "a", True], "unique": True, "missing": 0}},
    }
    read = config.parse(expecting(**keys), Path()).sources["customers"].expect
    assert read is not None
    assert (read.on_violation, read.rows and read.rows.min) == ("report", 1000)
    assert read.fresh is not None
    assert (read.fresh.column, read.fresh.within) == ("day", "7d")
    tenure = read.columns["tenure"]
    assert (tenure.min, tenure.values, tenure.unique, tenure.missing) == (
        0,
        (1, "a", True),
        True,
        0,
    )


def test_every_key_of_a_component_is_read() -> None:
    read = config.parse(GOOD, Path()).components["churn"]

    assert (read.limits.time, read.limits.memory, read.limits.work) == (40.0, 4 * 10**9, 3)
    assert read.gates == {"roc_auc": ">= 0.8"}
    assert set(read.options) == {"target", "exclude", "time", "group", "weight", "costs"}


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (changed(sorces={}), "twinkeel.toml has no key 'sorces'; did you mean 'sources'?"),
        ({}, "no [project] table"),
        (changed(project={"name": 3}), "[project] name: expected a text, got a whole number"),
        (changed(project={"nam": "x"}), "no key 'nam'; did you mean 'name'?"),
        (component(source="custommers"), "did you mean 'customers'?"),
        (component(time_limit="fast"), "time_limit must be a time such as 40s"),
        (component(time_limit="0s"), "time_limit must be a time"),
        (component(memory_limit="much"), "memory_limit must be a size"),
        (component(workers="many"), "workers must be threads, processes or ray, not 'many'."),
        (expecting(on_violation="shout"), "on_violation must be stop or report, not 'shout'."),
        (component(work_limit=0), "work_limit must be 1 or more"),
        (component(seed=-1), "[components.churn] seed must be 0 or more, not -1"),
        (component(gates={"roc_auc": 3}), "[components.churn] gate roc_auc: expected a condition"),
        (changed(components={"churn": {"kind": "classifier"}}), "has no source"),
        (changed(components={"customers": GOOD["components"]["churn"]}), "a source and a comp"),
        (changed(sources={"a b": {"path": "x"}}), "'a b' cannot name a source"),
        (changed(server={"port": 70000}), "port must be 0 to 65535"),
        (changed(server={"port": -1}), "port must be 0 to 65535"),
        (changed(server={"body_limit": "x"}), "body_limit must be a size"),
        (changed(server={"body_limit": "0.1 B"}), "body_limit must be a size"),
        (changed(server={"body_limit": "9" * 308 + " GB"}), "body_limit must be a size"),
        (changed(server={"timeout": "0s"}), "timeout must be a time"),
        (changed(server={"timeout": "1.2.3s"}), "timeout must be a time"),
        (changed(server={"timeout": "9" * 308 + "d"}), "timeout must be a time"),
        (changed(server={"depth_limit": -3}), "depth_limit must be 1 to 500, not -3"),
        (changed(server={"depth_limit": 100_000}), "depth_limit must be 1 to 500"),
        (changed(server={"host": ""}), "a host is a name or an address alone, not ''"),
        (changed(server={"allowed_hosts": ["shop:80"]}), "address alone, not 'shop:80'"),
        (changed(server={"allowed_hosts": ["http://shop"]}), "address alone, not 'http://shop'"),
        (changed(server={"cors": ["*"]}), "origins such as https://shop.example, not '*'"),
        (changed(server={"cors": ["shop.example"]}), "origins such as https://shop.example"),
        (changed(server={"cors": ["https://shop.example/page"]}), "origins such as"),
        (changed(events={"retention": "x"}), "retention must be a time"),
        (changed(versions={"keep": 0}), "keep must be 1 or more"),
        (changed(sources=[1]), "[sources] must hold tables"),
        (expecting(row={"min": 1}), "[sources.customers.expect] has no key 'row'; did you mean"),
        (expecting(rows={"mn": 1}), "[sources.customers.expect] rows has no key 'mn'"),
        (expecting(rows={"min": 5, "max": 2}), "rows: min 5 is above max 2"),
        (expecting(fresh={"column": "day", "within": "soon"}), "fresh.within must be a time"),
        (expecting(columns={"tenure": {"mim": 0}}), "expect.columns] tenure has no key 'mim'"),
        (expecting(columns={"tenure": {"min": 9, "max": 1}}), "tenure: min 9.0 is above max 1.0"),
        (expecting(columns={"tenure": {"min": 9, "max": "x"}}), "two numbers or two dates"),
        (expecting(columns={"tenure": {"missing": 3}}), "missing must be a share from 0 to 1"),
        (expecting(columns={"tenure": 3}), "tenure must be a table of keys, not 3"),
        (expecting(columns=3), "must hold columns"),
        (changed(sources={"customers": {"path": "x", "expect": 1}}), "must be a table of keys"),
    ],
)
def test_a_mistake_is_one_sentence(raw: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(raw, Path())

    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "fe80::1%eth0", "shop-1.example"])
def test_hosts_and_origins_are_read(host: str) -> None:
    server = {"host": host, "allowed_hosts": [host], "cors": ["https://shop.example:8443/"]}

    read = config.parse(changed(server=server), Path()).server

    assert (read.host, read.allowed_hosts) == (host, (host,))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('taget = "Churn"', "no key 'taget'; did you mean 'target'?"),
        ('target = "Churn"\ntime_limt = "4s"', "no key 'time_limt'; did you mean 'time_limit'?"),
        ("", '[components.b] has no target: add target = "...".'),
        ('target = "Churn"\nsensitive = "sex"', 'sensitive: expected a list such as ["a", "b"]'),
        ('target = "Churn"\nprefer = "fast"', "prefer must be accuracy, balanced or latency, not"),
        ('target = "Churn"\nspend_limit = 3.0', "costs no money"),
        ('target = "Churn"\ngates.roc_auc = "good"', "roc_auc"),
    ],
)
def test_a_kind_reads_its_own_keys(tmp_path: Path, line: str, sentence: str) -> None:
    (tmp_path / "twinkeel.toml").write_text(
        '[project]\nname = "x"\n[sources.a]\npath = "a.csv"\n'
        f'[components.b]\nkind = "classifier"\nsource = "a"\n{line}\n'
    )

    with pytest.raises(ConfigError) as caught:
        Project.open(tmp_path)

    assert sentence in str(caught.value)


def test_an_unknown_kind_names_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / "twinkeel.toml").write_text(
        '[project]\nname = "x"\n[sources.a]\npath = "a.csv"\n'
        '[components.b]\nkind = "clasifier"\nsource = "a"\n'
    )

    with pytest.raises(UsageError, match="did you mean 'classifier'"):
        Project.open(tmp_path)


def test_a_folder_without_a_project_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twinkeel init"):
        Project.open(tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"[project", "not valid TOML"), (b"\xff\xfe", "not UTF-8")]
)
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "twinkeel.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=sentence):
        Project.open(tmp_path)

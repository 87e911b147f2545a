"""How the image is described, listed and packed, without building one."""

import json
import re
import tarfile
from pathlib import Path

import pytest

from hack.image.__main__ import build_values
from hack.image.archive import Image, make_layer, write_archive
from hack.image.errors import ImageError
from hack.image.recipe import DOCKERFILE, released_config
from hack.image.sbom import ingredients, lock_text, read_lock
from hack.lib.repository import browsable
from testbed.kind.machine.runtime import configurations, without_capability

LOCK = """aiohttp==3.14.5 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via kubernetes
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:{a}
typing-extensions==4.15.0 ; python_version < '3.13' \\
    --hash=sha256:{b}
""".format(a="a" * 64, b="b" * 64)


def test_the_dockerfile_is_the_only_place_that_describes_the_image() -> None:
    config = released_config(DOCKERFILE.read_text(), {"VERSION": "1.2.3"})
    assert config["Entrypoint"] == ["noctuary"]
    assert config["Labels"]["org.opencontainers.image.version"] == "1.2.3"
    assert config["Labels"]["org.opencontainers.image.revision"] == "unknown"
    assert any(entry.startswith("PATH=/opt/noctuary/bin:") for entry in config["Env"])


def test_the_image_runs_as_a_user_above_10000() -> None:
    user, group = released_config(DOCKERFILE.read_text(), {})["User"].split(":")
    assert int(user) > 10_000
    assert int(group) > 10_000


def test_a_setting_that_only_docker_would_understand_is_refused() -> None:
    with pytest.raises(ImageError, match="HEALTHCHECK"):
        released_config("FROM base\nHEALTHCHECK CMD true\n", {})


def test_no_command_of_the_dockerfile_needs_a_shell() -> None:
    text = DOCKERFILE.read_text().replace("\\\n", "")
    commands = [line for line in text.splitlines() if line.startswith("RUN ")]
    assert commands
    assert all('["' in line and line.endswith('"]') for line in commands)


@pytest.mark.parametrize(("python", "names"), [("3.11", ["aiohttp", "typing-extensions"]), ("3.13", ["aiohttp"])])
def test_the_lock_is_read_as_the_images_python_sees_it(python: str, names: list[str]) -> None:
    assert [pin.name for pin in read_lock(LOCK, python)] == names


def test_each_ingredient_carries_the_hashes_of_its_lock() -> None:
    component = ingredients(read_lock(LOCK, "3.13"), [], "base")["components"][0]
    assert component["purl"] == "pkg:pypi/aiohttp@3.14.5"
    digests = [each["hashes"][0]["content"] for each in component["externalReferences"]]
    assert digests == ["a" * 64, "b" * 64]


def test_the_same_parts_give_the_same_list_of_ingredients() -> None:
    pins = read_lock(lock_text(), "3.11")
    assert len(pins) > 20
    assert ingredients(pins, [], "base") == ingredients(pins, [], "base")


def test_the_same_files_give_the_same_layer(tmp_path: Path) -> None:
    digests = set()
    for number, names in enumerate((("a", "b"), ("b", "a"))):
        tree = tmp_path / str(number)
        tree.mkdir()
        for name in names:
            (tree / name).write_text(name)
        digests.add(make_layer(tree, tmp_path / f"{number}.tar").digest)
    assert len(digests) == 1


def test_a_layer_that_images_share_is_stored_once(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    layer = make_layer(tree, tmp_path / "layer.tar")
    write_archive([Image("one:1", (layer,)), Image("two:1", (layer,))], tmp_path / "both.tar")
    with tarfile.open(tmp_path / "both.tar") as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile("manifest.json") or pytest.fail("no manifest"))
    assert names.count(f"{layer.digest}.tar") == 1
    assert [entry["RepoTags"] for entry in manifest] == [["one:1"], ["two:1"]]


def test_the_missing_capability_is_left_out_wherever_it_is_asked_for() -> None:
    asked = {"process": {"capabilities": {"bounding": ["CAP_KILL", "CAP_SYS_RESOURCE"]}, "args": ["x"]}}
    kept = {"process": {"capabilities": {"bounding": ["CAP_KILL"]}, "args": ["x"]}}
    assert without_capability(asked) == kept


@pytest.mark.parametrize(
    ("arguments", "files"),
    [
        (["create", "--bundle", "/b", "name"], ["/b/config.json"]),
        (["exec", "--process", "/p.json", "name"], ["/p.json"]),
        (["delete", "name"], []),
    ],
)
def test_the_files_that_a_call_of_runc_names_are_found(arguments: list[str], files: list[str]) -> None:
    assert [str(path) for path in configurations(arguments)] == files


def test_the_image_says_where_and_when_its_sources_are_from_and_on_which_ports_it_listens() -> None:
    values = {"SOURCE": "https://git.example.com/noctuary", "CREATED": "2026-11-27T12:00:00+00:00"}
    config = released_config(DOCKERFILE.read_text(), values)
    assert config["Labels"]["org.opencontainers.image.source"] == values["SOURCE"]
    assert config["Labels"]["org.opencontainers.image.created"] == values["CREATED"]
    assert config["ExposedPorts"] == {"8080/tcp": {}, "8081/tcp": {}}


def test_the_arguments_of_a_build_are_those_that_the_dockerfile_takes() -> None:
    last_stage = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
    assert set(re.findall(r"^ARG (\w+)=", last_stage, re.MULTILINE)) == set(build_values())


def test_the_first_line_names_the_dockerfiles_syntax_and_no_digest_is_invented() -> None:
    text = DOCKERFILE.read_text()
    assert text.startswith("# syntax=docker/dockerfile:1\n")
    assert re.findall(r"sha256:\w+", text) == []


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://git.example.com/team/noctuary.git", "https://git.example.com/team/noctuary"),
        ("https://me:secret@git.example.com/team/noctuary", "https://git.example.com/team/noctuary"),
        ("git@git.example.com:team/noctuary.git", "https://git.example.com/team/noctuary"),
        ("ssh://git@git.example.com:2222/team/noctuary.git", "https://git.example.com/team/noctuary"),
        ("/srv/git/noctuary.git", ""),
        ("file:///srv/git/noctuary", ""),
        ("", ""),
    ],
)
def test_the_address_of_the_sources_is_one_for_a_browser_and_holds_no_password(remote: str, address: str) -> None:
    assert browsable(remote) == address

"""The files of docs/deployment.md name what exists. .ci/image runs the Dockerfile's steps."""

import configparser
import json
import re
import shlex
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement

from fruitlab.cli.explore import open_explorer
from fruitlab.cli.main import parser
from fruitlab.config.modes import Mode
from fruitlab.config.paths import PROJECT


def text(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


DOCKERFILE = text("Dockerfile").replace("\\\n", " ")


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} +(.+)$", DOCKERFILE, re.MULTILINE)


def pinned(lines: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", lines, re.MULTILINE))


def test_the_dockerfile_copies_what_exists_and_what_dockerignore_lets_through() -> None:
    allowed = {line[1:] for line in text(".dockerignore").splitlines() if line.startswith("!")}
    sources = {line.split()[0] for line in instructions("COPY")}
    assert all((PROJECT / source).exists() for source in sources)
    assert sources == allowed
    # What the explorer needs besides the package is what the wheel ships with it.
    assert {"app.py", "pages", ".streamlit", "docs", "checkpoints/shipped"} <= sources


def test_the_image_starts_the_explorer_as_somebody_who_is_not_root() -> None:
    assert int(instructions("USER")[-1]) > 0
    python, module, package, *arguments = json.loads(instructions("CMD")[-1])
    assert (python, module, package) == ("python", "-m", "fruitlab")
    options = parser().parse_args(arguments)
    assert options.run is open_explorer and options.headless
    assert instructions("EXPOSE") == [str(options.port)]
    check = instructions("HEALTHCHECK")[0]
    assert f"http://127.0.0.1:{options.port}/healthz" in check
    compile(json.loads(check[check.index("[") :])[-1], "check", "exec")
    assert 'Route("/healthz"' in text("app.py")


def test_the_image_installs_the_pinned_pytorch() -> None:
    pins = pinned(text("requirements.txt"))
    found = dict(re.findall(r"\b(torch|torchvision)==([\d.]+)", DOCKERFILE))
    assert found == {name: pins[name] for name in ("torch", "torchvision")}


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-torch.lock"])
def test_locked_packages_have_hashes_and_the_versions_of_the_pins(file: str) -> None:
    lock, pins = text(file), pinned(text("requirements.txt"))
    found = pinned(lock)
    assert all(found[name] == pins[name] for name in found.keys() & pins.keys())
    blocks = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]
    assert len(blocks) >= len(found) > 0
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "://" not in lock and "--index" not in lock


def test_the_locks_have_every_dependency_of_the_package() -> None:
    project = tomllib.loads(text("pyproject.toml"))["project"]
    names = {Requirement(dependency).name for dependency in project["dependencies"]}
    assert "torch" in names
    assert names <= pinned(text("requirements.lock") + text("requirements-torch.lock")).keys()


def test_compose_trusts_its_own_proxy_and_no_other() -> None:
    services = yaml.safe_load(text("compose.yaml"))["services"]
    inside = services["fruitlab"]
    assert "ports" not in inside, "visitors reach it through the proxy only"
    address = services["caddy"]["networks"]["inner"]["ipv4_address"]
    assert inside["environment"]["FRUITLAB_TRUSTED_PROXIES"] == address
    assert inside["environment"]["FRUITLAB_MODE"] == f"${{FRUITLAB_MODE:-{Mode.SHOWCASE}}}"
    assert "reverse_proxy fruitlab:8501" in text("deploy/Caddyfile")
    assert instructions("VOLUME") == [inside["volumes"][0].partition(":")[2]]


def test_the_systemd_unit_starts_the_explorer() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(text("deploy/fruitlab.service"))
    _, *arguments = shlex.split(unit["Service"]["ExecStart"])
    assert parser().parse_args(arguments).run is open_explorer
    assert unit["Service"]["NoNewPrivileges"] == "yes"


def test_the_space_is_a_docker_space_on_the_port_of_the_image() -> None:
    about = yaml.safe_load(text("deploy/space/README.md").split("---")[1])
    assert about["sdk"] == "docker" and instructions("EXPOSE") == [str(about["app_port"])]
    assert len(about["short_description"]) <= 60, "the hub's limit"


def test_the_devcontainer_installs_the_requirements() -> None:
    container = json.loads(text(".devcontainer/devcontainer.json"))
    command = container["postCreateCommand"]
    assert (PROJECT / re.search(r"-r (\S+)", command)[1]).is_file()

"""Links to the site in the displays of notebooks; `project.urls` is where the site stands."""

from __future__ import annotations

import inspect
import json
from email.message import Message
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import skconv
from docs import deploy
from skconv.utils import doc_link

ESTIMATORS = [
    name
    for name in skconv.__all__
    if inspect.isclass(found := getattr(skconv, name)) and issubclass(found, BaseEstimator)
]


def as_published(monkeypatch: pytest.MonkeyPatch, *urls: str) -> None:
    """What pip wrote beside the installed package."""
    package = Message()
    for url in urls:
        package["Project-URL"] = url
    monkeypatch.delenv(doc_link.SITE_VARIABLE, raising=False)
    monkeypatch.setattr(doc_link, "metadata", lambda name: package)
    monkeypatch.setattr(doc_link, "_published", doc_link._published.__wrapped__)  # no cache


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_leads_to_its_page(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(doc_link.SITE_VARIABLE, "..")
    found = getattr(skconv, name)
    assert found._get_doc_link(object.__new__(found)) == f"../generated/skconv.{name}.html"


def test_the_address_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = make_pipeline(skconv.GaborFeatures(), skconv.BatchRidgeClassifier())
    as_published(
        monkeypatch, "Source, https://example.com/s", "Documentation, https://example.com/"
    )
    html = estimator_html_repr(pipe)
    for name in ("GaborFeatures", "BatchRidgeClassifier"):
        folder = doc_link.folder_of(skconv.__version__)
        page = f"https://example.com/{folder}/generated/skconv.{name}.html"
        assert f'href="{page}' in html


def test_without_a_site_nothing_is_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    as_published(monkeypatch)
    html = estimator_html_repr(skconv.GaborFeatures())
    assert "generated/skconv" not in html
    assert "Documentation for GaborFeatures" not in html


def test_a_class_of_somebody_else_has_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    class GaborFeatures(skconv.GaborFeatures):
        pass

    monkeypatch.setenv(doc_link.SITE_VARIABLE, "..")
    assert GaborFeatures()._get_doc_link() == ""


def test_a_site_stands_beside_its_other_versions(tmp_path: Path) -> None:
    site, published = tmp_path / "site", tmp_path / "published"
    with pytest.raises(SystemExit, match="build the site first"):
        deploy.deploy(site, published, "/", "0.1.0")
    (site / ".doctrees").mkdir(parents=True)
    for version in ("0.9.0", "0.10.0", "0.11.0.dev0", "0.9.0"):
        (site / "index.html").write_text(version)
        deploy.deploy(site, published, "https://example.com/skconv/", version)
    folders = {path.name for path in published.iterdir() if path.is_dir()}
    assert folders == {"dev", "0.9.0", "0.10.0"}
    assert [path.name for path in (published / "dev").iterdir()] == ["index.html"]
    versions = json.loads((published / "switcher.json").read_text())
    assert [each["version"] for each in versions] == ["dev", "0.10.0", "0.9.0"]
    assert versions[1]["url"] == "https://example.com/skconv/0.10.0/"
    assert "url=0.10.0/index.html" in (published / "index.html").read_text()


@pytest.mark.parametrize(
    ("version", "folder"), [("0.1.0", "0.1.0"), ("2.0", "2.0"), ("0.2.0.dev3+g12", "dev")]
)
def test_versions_have_folders(version: str, folder: str) -> None:
    assert doc_link.folder_of(version) == folder

"""Links from the displays of notebooks to the site's page of a class."""

from __future__ import annotations

import os
import re
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata

# Of a site built on this machine: a folder, or a place relative to the page that links.
SITE_VARIABLE = "SKCONV_SITE"


def site() -> str:
    """Where the pages of this version are; empty while there is no site.

    The variable ``SKCONV_SITE`` comes first, for a site of one's own. Else it is the folder of this
    version below the address ``Documentation`` of the package, ``project.urls`` in pyproject.toml.

    Examples
    --------
    >>> import os
    >>> from unittest.mock import patch
    >>> from skconv.utils.doc_link import site
    >>> with patch.dict(os.environ, {"SKCONV_SITE": "build/site/"}):
    ...     site()
    'build/site'
    """
    return (os.environ.get(SITE_VARIABLE) or _published()).rstrip("/")


@cache
def _published() -> str:
    try:
        links = metadata("skconv").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    addresses = dict(link.split(", ", 1) for link in links)
    root = addresses.get("Documentation")
    return f"{root.rstrip('/')}/{folder_of(import_module('skconv').__version__)}" if root else ""


def folder_of(version: str) -> str:
    """The folder of a version on the site: its number, or ``dev`` between two releases."""
    return version if re.fullmatch(r"\d+(\.\d+)*", version) else "dev"


class DocLinkMixin:
    """The link of an estimator in the HTML of a Pipeline, as scikit-learn's own have one.

    Examples
    --------
    >>> import os
    >>> from unittest.mock import patch
    >>> from skconv import PCAConvFeatures
    >>> with patch.dict(os.environ, {"SKCONV_SITE": "https://example.com"}):
    ...     PCAConvFeatures()._get_doc_link()
    'https://example.com/generated/skconv.PCAConvFeatures.html'
    """

    _doc_link_module = "skconv"

    def _get_doc_link(self) -> str:
        """Address of the class's page; empty where there is none, and then nothing is linked."""
        name, place = type(self).__name__, site()
        # Classes of users may derive from ours: they are not on the site.
        is_ours = type(self).__module__.startswith("skconv.")
        if not (place and is_ours and name in import_module("skconv").__all__):
            return ""
        return f"{place}/generated/skconv.{name}.html"

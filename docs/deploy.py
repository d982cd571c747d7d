"""Put a built site into the folder of its version, beside those of other versions.

    SKCONV_DOCS_VERSIONS=1 python -m sphinx -W docs build/site
    python docs/deploy.py build/site PUBLISHED ADDRESS

ADDRESS is that of the published folder, ``https://example.com/skconv`` or ``/skconv``. The folder
is what any server of static files shows. It holds a folder for each version (``0.1.0``; ``dev``
between two releases), ``switcher.json``, which the menu of versions reads, and an ``index.html``
that leads to the newest release. A version that is there is replaced, others stay as they are.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from skconv import __version__
from skconv.utils.doc_link import folder_of

REDIRECT = """\
<!DOCTYPE html>
<meta charset="utf-8">
<title>skconv</title>
<meta http-equiv="refresh" content="0; url={folder}/index.html">
<link rel="canonical" href="{folder}/index.html">
"""


def newest_first(published: Path) -> list[str]:
    """Folders of versions: ``dev``, then releases from the newest."""
    names = [path.parent.name for path in published.glob("*/index.html")]
    releases = [name for name in names if name != "dev"]
    releases.sort(key=lambda name: [int(part) for part in name.split(".")], reverse=True)
    return ["dev"] * ("dev" in names) + releases


def deploy(site: Path, published: Path, address: str, version: str) -> str:
    """Copy a site, and name all that are there; returns the folder."""
    if not (site / "index.html").is_file():
        raise SystemExit(f"{site} holds no index.html: build the site first")
    folder = folder_of(version)
    # Beside its place first, so that a copy that is interrupted replaces nothing.
    new = published / f".{folder}.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(site, new, ignore=shutil.ignore_patterns(".doctrees", ".buildinfo"))
    shutil.rmtree(published / folder, ignore_errors=True)
    new.rename(published / folder)
    names = newest_first(published)
    # The menu adds the name of the page that it stands on, so these begin at the root.
    versions = [{"version": name, "url": f"{address.rstrip('/')}/{name}/"} for name in names]
    (published / "switcher.json").write_text(json.dumps(versions, indent=2) + "\n")
    releases = [name for name in names if name != "dev"]
    (published / "index.html").write_text(REDIRECT.format(folder=(releases or names)[0]))
    return folder


if __name__ == "__main__":
    site, published, address = sys.argv[1:]
    print(deploy(Path(site), Path(published), address, __version__))

"""Costs of exported models, as `report` says them: they depend on no machine."""

from __future__ import annotations

from tests.pipelines import CLASSIFIERS, EXTRACTORS, exported


class Costs:
    """Of a Cortex-M4: every extractor in front of every classifier, fitted to Fashion-MNIST."""

    params = (list(EXTRACTORS), list(CLASSIFIERS))
    param_names = ("extractor", "classifier")
    timeout = 300

    def setup(self, extractor: str, classifier: str) -> None:
        self.report = exported(extractor, classifier).model.report()

    def track_flash(self, extractor: str, classifier: str) -> int:
        return int(self.report.flash_bytes)

    def track_ram(self, extractor: str, classifier: str) -> int:
        return int(self.report.ram_bytes)

    track_flash.unit = track_ram.unit = "bytes"  # type: ignore[attr-defined]

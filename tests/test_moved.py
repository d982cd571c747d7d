"""Modules that have moved are found under their old names for one release, with a warning."""

from __future__ import annotations

import pickle
import re
import sys
from importlib import import_module

import pytest

from skconv import LaplacianNuSVC
from skconv.moved import MOVED


@pytest.mark.parametrize("name", MOVED)
def test_the_old_name_is_the_new_module(name, monkeypatch):
    monkeypatch.delitem(sys.modules, name, raising=False)
    message = f"{name} is now {MOVED[name]}; the old name goes with release 0.2"
    with pytest.warns(FutureWarning, match=re.escape(message)):
        old = import_module(name)
    new = import_module(MOVED[name])
    for key in getattr(new, "__all__", vars(new)):
        if not key.startswith("_"):
            assert getattr(old, key) is getattr(new, key)


def test_what_has_not_moved_is_not_found():
    with pytest.raises(ModuleNotFoundError, match=r"skconv\.nothing"):
        import_module("skconv.nothing")


def test_a_pickle_of_an_old_name_is_read(monkeypatch):
    monkeypatch.delitem(sys.modules, "skconv.svm", raising=False)
    old = pickle.dumps(LaplacianNuSVC(nu=0.25), protocol=0)
    old = old.replace(b"skconv.classifiers.svm", b"skconv.svm")
    with pytest.warns(FutureWarning, match=r"skconv\.svm is now skconv\.classifiers\.svm"):
        assert pickle.loads(old).nu == 0.25

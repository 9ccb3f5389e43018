"""Versions of packages, installed or not."""

from importlib.metadata import version

from organisms.records.versions import SOURCE, package_version


def test_an_installed_package_has_its_version() -> None:
    assert package_version("numpy") == version("numpy")


def test_a_package_that_is_only_imported_does_not_end_a_run() -> None:
    assert package_version("mesascope-of-a-checkout") == SOURCE

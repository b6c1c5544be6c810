"""What the tests of pictures and pages share."""

import pytest

from tests.helpers.browser import browsers


@pytest.fixture(scope="module")
def _browser():
    with browsers() as browser:
        yield browser


@pytest.fixture
def browser(_browser):
    yield _browser
    troubles = list(_browser.troubles)
    _browser.close_all()
    assert troubles == []

"""
Who logs in.
"""

import pytest


@pytest.fixture(name="ada")
def _ada(scene):
    """
    Somebody in the site, with everything a site may know.
    """
    return scene.site.add(
        "1",
        "Ada@Example.com",
        "pw",
        username="Ada",
        email_verified=True,
        profile={"name": "Ada", "tags": ["a", {"b": None}]},
        user_metadata={"theme": "dark"},
        app_metadata={"role": "admin"},
    )

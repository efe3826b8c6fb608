"""How long a campaign is: a size for every change, and one for the night (the Hypothesis profile says which)."""

from __future__ import annotations

from hypothesis import settings


def size(ci: int, nightly: int) -> int:
    """``nightly`` in the profile of that name, otherwise ``ci``."""
    return nightly if settings.get_current_profile_name() == "nightly" else ci

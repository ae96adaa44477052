"""The end of a process: a part that cannot be closed keeps none of the others open."""

import pytest

from coach.bootstrap import Services
from coach.errors import StoreError, VendorError
from coach.settings import load_settings


class Part:
    """Something that was opened."""

    def __init__(self, name: str, closed: list[str], error: Exception | None = None) -> None:
        self.name, self.closed, self.error = name, closed, error

    def _close(self) -> None:
        self.closed.append(self.name)
        if self.error:
            raise self.error

    async def close(self) -> None:
        self._close()


class Blocking(Part):
    """One that is closed in a thread."""

    def close(self) -> None:
        self._close()


ALL = ["hub", "transcriber", "brain", "avatar", "handed_over", "usage", "store"]


def opened(tmp_path, **failing: Exception) -> tuple[Services, list[str]]:
    services, closed = Services(load_settings(coach_home=tmp_path)), list[str]()
    for name in ALL:
        kind = Blocking if name in ("handed_over", "usage", "store") else Part
        services.__dict__[name] = kind(name, closed, failing.get(name))
    return services, closed


@pytest.mark.parametrize("name", ALL)
async def test_one_that_fails_skips_nobody_and_is_told(tmp_path, caplog, name):
    services, closed = opened(tmp_path, **{name: VendorError("It does not end.")})
    with pytest.raises(VendorError, match="does not end"):
        await services.close()
    assert closed == ALL
    assert f"{name} could not be closed" in caplog.text


async def test_several_that_fail_are_told_together(tmp_path):
    services, closed = opened(tmp_path, hub=StoreError("One."), usage=OSError("Two."))
    with pytest.raises(ExceptionGroup) as told:
        await services.close()
    assert closed == ALL and len(told.value.exceptions) == 2


async def test_nothing_is_built_to_be_closed(tmp_path):
    services = Services(load_settings(coach_home=tmp_path))
    await services.close()
    assert "store" not in services.__dict__

"""What each test costs in seconds of the processor, of this process and of all it started: a pytest plugin.

Time on the clock says little where others use the machine, too. The figure goes into the JUnit file, as a property of
the test; where `/proc` is missing, what still runs is not counted.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

NAME = "processor_s"
BEGAN = pytest.StashKey[float]()
USED = slice(11, 15)
"""Fields of `/proc/PID/stat` behind the name: user and system time of a process and of its children that ended."""


def _begun_by(pid: int) -> Iterator[int]:
    """Every process below, as far as it still runs."""
    for child in _children_of(pid):
        yield child
        yield from _begun_by(child)


def _children_of(pid: int) -> list[int]:
    """Those of one process; none once it has ended, which it may at any moment."""
    try:
        told = [each.read_text() for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for each in told for child in each.split()]


def _running_s() -> float:
    ticks = 0
    for pid in _begun_by(os.getpid()):
        try:
            told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, told[USED]))
    return ticks / os.sysconf("SC_CLK_TCK")


def spent_s() -> float:
    """Processor seconds up to now."""
    return sum(os.times()[:4]) + _running_s()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """From before the fixtures …"""
    if item.config.getoption("xmlpath"):
        item.stash[BEGAN] = spent_s()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """… until after them."""
    try:
        return (yield)
    finally:
        if BEGAN in item.stash:
            item.user_properties.append((NAME, round(spent_s() - item.stash[BEGAN], 2)))

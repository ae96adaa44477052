"""`python -m benchmarks [NAME … | --list]`: runs the named benchmarks, or all of them."""

import importlib
import pkgutil
import sys

import benchmarks


def names() -> list[str]:
    """Every benchmark: a public module here that has a `main()`."""
    return [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_")]


def run(wanted: list[str]) -> int:
    """Runs each in turn; an unknown name is a usage error."""
    unknown = set(wanted) - set(names())
    if unknown:
        print("benchmarks:", ", ".join(names()))
        return 0 if unknown == {"--list"} else 2
    for name in wanted or names():
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))

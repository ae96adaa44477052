"""Every way into the application and every file it hands out, as its code has them, and who is meant to have each.

The code is asked what there is; the tables say who may. What is in one and not in the other fails a test.
"""

import ast
import os
from pathlib import Path

from coach.contracts.people import Role
from coach.web.endpoints import ENDPOINTS
from tests import forks

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
NOBODY = frozenset[Role]()
"""No account opens it: it asks its callers for another proof, or is what one meets before signing in."""
EVERYBODY = frozenset(Role)
SOCKETS = {"/ws/mock-interview", "/_stcore/stream"}
WAYS_IN: dict[str, frozenset[Role]] = {
    **{row.path: frozenset({Role.CANDIDATE}) for row in ENDPOINTS},
    **dict.fromkeys(SOCKETS, EVERYBODY),
    **dict.fromkeys(("/healthz", "/readyz", "/metrics"), frozenset({Role.OPERATOR})),
    **dict.fromkeys(("/auth/login", "/auth/logout", "/oauth2callback", "/billing/webhook"), NOBODY),
    "/openapi.json": EVERYBODY,
    "/assets": EVERYBODY,
    "/clips/{key}.wav": EVERYBODY,
    "/handed-over/{key}.zip": EVERYBODY,
    "/media/{file_id:path}": EVERYBODY,
    "/component/{path:path}": EVERYBODY,
    "/_stcore/health": EVERYBODY,
    "/_stcore/metrics": EVERYBODY,
    "/_stcore/host-config": EVERYBODY,
    "/_stcore/upload_file/{session_id}/{file_id}": EVERYBODY,
    "/_stcore/bidi-components/{path:path}": EVERYBODY,
    "/_stcore/agent/interact": EVERYBODY,
    "/_stcore/agent/openapi.json": EVERYBODY,
    "/_stcore/agent/mcp": EVERYBODY,
    "": EVERYBODY,
}
"""Address -> the roles that open it. Addresses of files are secrets of their own: keyed names, checksums of content."""
FILES: dict[str, set[str]] = {
    "pages/library.py:find": {"library: Export", "library: PDF"},
    "pages/components/jobs/resumes.py:exports": {"jobs: Word", "jobs: PDF", "jobs: Markdown"},
    "pages/components/shared/receipt.py:show": set(),
    "pages/components/shared/chart.py:chart": {"progress: CSV", "margins: CSV"},
    "pages/components/shared/share.py:share_buttons": {"progress: Share as PDF", "progress: Share as HTML"},
    "pages/components/shared/csv_file.py:csv_file": {"cohorts: CSV", "operations: CSV"},
    "pages/components/lab/compare.py:_take_along": set(),
    "pages/components/margins/tables.py:download": {"margins: CSV"},
}
"""Function of a page that hands out a file -> page and button under which somebody of the town meets it.

Empty: it takes a second coach, a run of the lab or a click, and is tried in `tests/pages`, `tests/browser`.
"""


def served(home: Path) -> set[str]:
    """Addresses of the whole application, with everything switched on that adds some."""
    script = (
        "import app, json; a = app.app; a._runtime = a._create_runtime();"
        "print(json.dumps([route.path for route in a._build_starlette_app().routes]))"
    )
    env = {name: value for name, value in os.environ.items() if name in KNOWN} | {
        "COACH_HOME": str(home), "COACH_VOICE": "deepgram", "DEEPGRAM_API_KEY": "k", "STRIPE_API_KEY": "sk_test_k",
        "STRIPE_WEBHOOK_SECRET": "whsec_k", "STRIPE_BASE_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    done = forks.run(["-c", script], cwd=ROOT, env=env, timeout=90)
    assert done.returncode == 0, done.stderr[-2000:]
    return set(ast.literal_eval(done.stdout.strip().splitlines()[-1]))


def registered() -> set[str]:
    """The pages in the navigation, by address."""
    body = ast.parse((ROOT / "pages" / "home.py").read_text("utf8")).body
    (named,) = [
        each.value for each in body if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == "SCREENS"
    ]
    assert named is not None
    return {page for group in ast.literal_eval(ast.unparse(named)).values() for page in group}


def handing_out() -> set[str]:
    """The functions of pages that offer a file, as `file:function`."""
    found = set()
    for path in sorted((ROOT / "pages").rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf8"))):
            if isinstance(function, ast.FunctionDef) and "download_button" in map(_called, ast.walk(function)):
                found.add(f"{path.relative_to(ROOT).as_posix()}:{function.name}")
    return found


def _called(node: ast.AST) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""

"""The page around every screen: Streamlit's own document with the house style in its head.

Style that comes with the first element moves what is there already (0.1 to 0.2 of layout shift on every page, measured
in Chromium 2026-11), so it stands in the document that the browser reads first. So do the type face, the parts that
Streamlit would load only when it meets the first of their kind, and where its service is found: asked below the page's
own address first, it answers two requests with 404 on every page.
"""

import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

STATIC = Path(__file__).resolve().parents[2] / "static"
OURS = b"<title>Streamlit</title>"
"""A component in a frame has a document of its own, which is left alone."""
_FOREIGN_FONT = re.compile(rb'<link\s+rel="preload"[^>]*SourceSans[^>]*/>', re.DOTALL)
_SOON = (
    "Metric", "Selectbox", "ButtonGroup", "Checkbox", "TextInput", "TextArea", "FileUploader", "BidiComponent",
    "PageLink", "NumberInput", "Slider", "Radio", "Progress", "Audio", "DataFrame", "StreamlitSyntaxHighlighter",
    "Multiselect", "Button", "DownloadButton", "LinkButton", "Html", "StreamlitMarkdown", "DynamicIcon", "Tooltip",
)  # fmt: skip
"""Parts that Streamlit loads when it meets the first of them; charts are waited for by frame.js when a page has one."""


@cache
def head() -> bytes:
    """What is put at the end of the document's head."""
    script = (STATIC / "frame.js").read_text(encoding="utf-8")
    style = (STATIC / "look.css").read_text(encoding="utf-8")
    font = '<link rel="preload" href="/assets/figtree.woff2" as="font" type="font/woff2" crossorigin>'
    return f"<script>{script}</script>{font}<style>{style}</style>".encode()


@cache
def ahead() -> bytes:
    """What loads the parts before the first of them is met; behind Streamlit's own script, which comes first.

    Until they are here a page is not shown (frame.js): a part that comes late moves what is below it.
    """
    parts = Path(streamlit.__file__).parent / "static" / "static" / "js"
    chunks = sorted(path.name for name in _SOON for path in parts.glob(f"{name}.*.js"))
    loads = ",".join(f'import("/static/js/{name}")' for name in chunks)
    here = 'document.documentElement.dataset.jfParts="here"'
    return f'<script type="module">Promise.allSettled([{loads}]).then(()=>{{{here}}})</script>'.encode()


def dressed(document: bytes) -> bytes:
    """Streamlit's document in our clothes; any other document as it is."""
    if OURS not in document:
        return document
    named = _FOREIGN_FONT.sub(b"", document).replace(OURS, b"<title>Job Foxy</title>", 1)
    before, mark, after = named.partition(b'<script type="module"')
    return (before + head() + mark + after).replace(b"</head>", ahead() + b"</head>", 1)


class Shell:
    """ASGI middleware that dresses the document of every page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; a document asked for by a browser is changed on its way back."""
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        await self._app(_plainly(scope), receive, _Dressing(send))


def _plainly(scope: Scope) -> Scope:
    """The request without compression and without *if it has changed*: the clothes may have."""
    left_out = {b"accept-encoding", b"if-none-match", b"if-modified-since"}
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name.lower() not in left_out]}


class _Dressing:
    """Holds a document back until it is whole; everything else goes straight on."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_document(message):
            self._start = message
        elif self._start is None or message["type"] != "http.response.body":
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self._start)

    async def _finish(self, start: Message) -> None:
        body = dressed(self._body)
        headers = MutableHeaders(scope=start)
        if body is not self._body:
            headers["content-length"] = str(len(body))
            for name in ("etag", "last-modified"):
                del headers[name]
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def _is_document(message: Message) -> bool:
    return message["status"] == 200 and "text/html" in MutableHeaders(scope=message).get("content-type", "")

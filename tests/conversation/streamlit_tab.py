"""One browser tab without a browser: Streamlit's own socket protocol, with whatever cookies the tab has."""

from collections.abc import Iterator
from contextlib import contextmanager

import websockets.sync.client as ws
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE_S = 30.0


class Tab:
    """Opens pages and tells what was drawn, as the bytes that were sent: every text, key and id is in them."""

    def __init__(self, connection: ws.ClientConnection) -> None:
        self._connection = connection

    def open(self, page: str = "", query: str = "") -> str:
        """Everything one run of the page sent."""
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = query
        self._connection.send(asked.SerializeToString())
        drawn: list[str] = []
        while True:
            data = self._connection.recv(timeout=PATIENCE_S)
            assert isinstance(data, bytes)
            message = ForwardMsg()
            message.ParseFromString(data)
            drawn.append(str(message))
            if message.WhichOneof("type") == "script_finished":
                finished = message.script_finished
                if finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return "\n".join(drawn)


@contextmanager
def tab(url: str, cookie: str = "", **headers: str) -> Iterator[Tab]:
    """A tab on the application at `http://…`."""
    sent = headers | ({"Cookie": cookie} if cookie else {})
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    with ws.connect(address, additional_headers=sent, subprotocols=["streamlit"], max_size=None) as connection:  # type: ignore[list-item]
        yield Tab(connection)

"""One browser tab without a browser: Streamlit's own socket protocol, with whatever cookies the tab has."""

from collections.abc import Iterator
from contextlib import contextmanager

import websockets.sync.client as ws
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.DownloadButton_pb2 import DownloadButton
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

PATIENCE_S = 30.0


class Tab:
    """Opens pages and tells what was drawn, as the bytes that were sent: every text, key and id is in them.

    Attributes:
        drawn: the messages of the last run.
        page: the page it was of, as Streamlit calls it.
        session: the tab, as Streamlit calls it.
    """

    def __init__(self, connection: ws.ClientConnection) -> None:
        self._connection = connection
        self.drawn: list[ForwardMsg] = []
        self.page = self.session = ""

    def open(self, page: str = "", query: str = "") -> str:
        """Everything one run of the page sent."""
        asked = BackMsg()
        asked.rerun_script.page_name = page
        asked.rerun_script.query_string = query
        return self._run(asked)

    def clocks(self) -> dict[str, float]:
        """The parts of the page that a browser asks for again and again by itself, and after how many seconds."""
        return {m.auto_rerun.fragment_id: m.auto_rerun.interval for m in self.drawn if m.HasField("auto_rerun")}

    def strike(self, part: str) -> str:
        """What one turn of such a clock sends."""
        asked = BackMsg()
        asked.rerun_script.fragment_id = part
        asked.rerun_script.page_script_hash = self.page
        asked.rerun_script.is_auto_rerun = True
        return self._run(asked)

    def downloads(self) -> dict[str, DownloadButton]:
        """The files the page offers, by what their buttons say; of several alike the last."""
        elements = [m.delta.new_element for m in self.drawn if m.HasField("delta")]
        found = [each.download_button for each in elements if each.HasField("download_button")]
        return {button.label: button for button in found}

    def address_of(self, button: DownloadButton) -> str:
        """Where the file lies; one that is made when it is asked for is made now."""
        if button.url:
            return button.url
        asked = BackMsg()
        operation = asked.backend_operation_request
        operation.request_id, operation.session_id = "a file", self.session
        operation.deferred_file.file_id = button.deferred_file_id
        self._connection.send(asked.SerializeToString())
        while True:
            message = self._next()
            if message.HasField("backend_operation_response"):
                answer = message.backend_operation_response
                assert not answer.error_msg, answer.error_msg
                return answer.deferred_file.url

    def _next(self) -> ForwardMsg:
        data = self._connection.recv(timeout=PATIENCE_S)
        assert isinstance(data, bytes)
        message = ForwardMsg()
        message.ParseFromString(data)
        return message

    def _run(self, asked: BackMsg) -> str:
        self._connection.send(asked.SerializeToString())
        self.drawn = []
        while True:
            message = self._next()
            self.drawn.append(message)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page = message.new_session.page_script_hash
                self.session = message.new_session.initialize.session_id
            elif kind == "navigation":
                self.page = message.navigation.page_script_hash
            elif kind == "script_finished":
                finished = message.script_finished
                if finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    return "\n".join(map(str, self.drawn))


@contextmanager
def tab(url: str, cookie: str = "", **headers: str) -> Iterator[Tab]:
    """A tab on the application at `http://…`."""
    sent = headers | ({"Cookie": cookie} if cookie else {})
    address = url.replace("http://", "ws://") + "/_stcore/stream"
    with ws.connect(address, additional_headers=sent, subprotocols=["streamlit"], max_size=None) as connection:  # type: ignore[list-item]
        yield Tab(connection)

"""The open interface of an interview: REST and one WebSocket, in the same process as the pages.

`routes(services)` gives Starlette routes; the handlers translate between HTTP and the conductor and decide nothing.
"""

from coach.web.routes import WebServices, routes

__all__ = ["WebServices", "routes"]

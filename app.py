"""The ASGI application: pages, REST and WebSocket on one port. `streamlit run app.py` or `uvicorn app:app`.

The call stands here because `streamlit run` reads this file for it.
"""

from streamlit.starlette import App

from pages.asgi import HOME, front_door, lifespan, own_routes

app = App(HOME, routes=own_routes(), middleware=front_door(), lifespan=lifespan)

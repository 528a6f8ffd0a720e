"""Every endpoint in one function, for the local server and for plans that allow few functions.

The module of a function is imported on the first request for one of its paths, so a cold
start takes as long as that of the requested function alone, and each endpoint responds as it would
in a function of its own.
"""

from lib.web.app import create_app, lambda_entry
from lib.web.dispatch import Dispatcher

app = create_app("index", rows=())
app.add_middleware(Dispatcher)
lambda_handler = lambda_entry(app)

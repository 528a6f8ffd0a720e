"""Every endpoint in one function, for the local server and for plans that allow few functions.

The module of a function is imported on the first request for one of its paths, so this function
starts as fast as the requested one, and each endpoint responds as in a function of its own.
"""

from lib.web.app import create_app, lambda_entry
from lib.web.dispatch import Dispatcher

app = create_app("index", rows=())
app.add_middleware(Dispatcher)
lambda_handler = lambda_entry(app)

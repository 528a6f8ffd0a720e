"""Every endpoint in one function: the local server, and plans that allow few functions.

A function's module is imported at the first request for one of its paths, so this function
starts as fast as the one that is asked for, and each answers here as it does alone.
"""

from lib.web.app import create_app, lambda_entry
from lib.web.dispatch import Dispatcher

app = create_app("index", rows=())
app.add_middleware(Dispatcher)
lambda_handler = lambda_entry(app)

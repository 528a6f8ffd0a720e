"""Every endpoint in one function: the local server, and plans that allow few functions.

A function's module is imported at the first request for one of its paths, so this function
starts as fast as the one that is asked for, and each answers here as it does alone.
"""

from lib.dispatch import Dispatcher
from lib.web import create_app, lambda_entry

app = create_app("index")
app.add_middleware(Dispatcher)
lambda_handler = lambda_entry(app)

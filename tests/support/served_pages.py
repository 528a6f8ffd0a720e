"""The app of the development server: the pages in front of every function."""

from api.index import app as functions
from local.pages.pages import Pages

app = Pages(functions)

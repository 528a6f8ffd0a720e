"""The app of the development server: the pages in front of every function."""

from api.index import app as functions
from lib.settings import Settings
from local.demo.planner_accounts import log_ins
from local.pages.demo_accounts import DemoAccounts
from local.pages.pages import Pages

app = Pages(DemoAccounts(functions, log_ins(Settings.from_env())))

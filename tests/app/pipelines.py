"""What a Pipeline is made of, for tests that have routes and a policy and need no more."""

from smsgwd.admission.admit import Policy
from smsgwd.admission.duplicates import RecentTexts
from smsgwd.admission.flood import FloodGuard
from smsgwd.app.guards import Guards
from smsgwd.app.maker import Maker
from smsgwd.routing.choice import Chooser


class Tables:
    """Compiled tables as they stand; no number's network is known."""

    def __init__(self, routes, up):
        self.routes = routes
        self.chooser = Chooser(up)
        self.up = up

    def network_of(self, msisdn):
        return ""


def guards(alarm=lambda tenant, prefix: None):
    return Guards(RecentTexts(), FloodGuard(), alarm)


def maker_of(routes, dispatcher, policy=None, links=None, watching=None):
    """`maker` and `guards` of a Pipeline, as keyword arguments."""
    watching = watching or guards()
    tables = Tables(routes, dispatcher.up)
    return {"maker": Maker(tables, policy or Policy(), links, watching), "guards": watching}

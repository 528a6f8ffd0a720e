"""The adaptive engine: response model, posterior, item selection and stop rules.

It depends only on numpy, and uses no I/O, global state or global random generator. docs/engine.md
explains each rule and number.

    bank = ItemBank(slopes, intercepts, guessing)             # (n, k), (n,), (n,)
    bank = ItemBank.from_questions(concepts, difficulty, discrimination, guessing)
    state = Posterior.prior(k)                                # or (k, mean, covariance)
    item = select(state, bank, available)                     # mask (n,) or indices -> int
    state = update(state, bank, item, correct)                # a new Posterior
    state.mean, state.covariance, state.variance              # (k,), (k, k), (k,)
    state.items, state.correct, state.sites                   # tuples; (answers, 2), float16
    Posterior.of_answers(prior, bank, items, correct)         # the same as repeated updates
    Posterior.from_sites(prior, bank, items, correct, sites)  # restored, bit for bit the same
    stop(state, StopRules("precision"), tested=mask, gain=x)  # reason or None
    percentile(state.mean, state.variance), confidence(state.variance)
    explain(state, bank, item), expected_share(state, bank, item)
    prior_from_record(mean, variance, elapsed_days, correlation)

Modules that no test session needs are imported by name, so that a function starts sooner:
`lib.engine.fit`, `lib.engine.precision`, `lib.engine.simulation` and `lib.engine.calibration`.

    person_fit(state, bank)
    simulate(bank, theta, rng, Design(stop=StopRules(max_questions=20)))
"""

from .bank import ItemBank
from .posterior.posterior import Posterior, update
from .posterior.priors import HALF_LIFE_DAYS, aged, population_correlation, prior_from_record
from .posterior.updating import SITE_DTYPE
from .scale import confidence, latent_mean, percentile
from .selection.content_balance import balanced, concept_shares
from .selection.explanation import Explanation, expected_share, explain
from .selection.exposure_control import ExposureControl
from .selection.item_values import RULES, Rule
from .selection.selection import gains, select
from .stopping import Reason, StopRules, stop

VERSION = 3
"""Version of the arithmetic; stored sites are valid only with the version that computed them.

Increase it with every change after which the same answers to the same items give other numbers.

1: item parameters treated as exact. 2: slopes attenuated by the errors of the parameters.
3: attenuation fitted to abilities near an item's location, where tests ask the item.
"""

__all__ = [
    "HALF_LIFE_DAYS",
    "RULES",
    "SITE_DTYPE",
    "VERSION",
    "Explanation",
    "ExposureControl",
    "ItemBank",
    "Posterior",
    "Reason",
    "Rule",
    "StopRules",
    "aged",
    "balanced",
    "concept_shares",
    "confidence",
    "expected_share",
    "explain",
    "gains",
    "latent_mean",
    "percentile",
    "population_correlation",
    "prior_from_record",
    "select",
    "stop",
    "update",
]

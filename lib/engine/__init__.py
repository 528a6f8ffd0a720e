"""The adaptive engine: response model, posterior, item selection, stopping rules.

numpy only, no I/O, no global state, no global random generator. docs/engine.md explains each rule
and number.

    bank = ItemBank(slopes, intercepts, guessing)             # (n, k), (n,), (n,)
    bank = ItemBank.from_questions(concepts, difficulty, discrimination, guessing)
    state = Posterior.prior(k)                                # or (k, mean, covariance)
    item = select(state, bank, available)                     # mask (n,) or indices -> int
    state = update(state, bank, item, correct)                # a new Posterior
    state.mean, state.covariance, state.variance              # (k,), (k, k), (k,)
    state.items, state.correct, state.sites                   # tuples, (t, 2) float16
    Posterior.of_answers(prior, bank, items, correct)         # folds update: the same bits
    Posterior.from_sites(prior, bank, items, correct, sites)  # the same bits, without refitting
    stop(state, StopRules("precision"), tested=mask, gain=x)  # reason or None
    percentile(state.mean, state.variance), confidence(state.variance)
"""

from lib.engine.bank import ItemBank
from lib.engine.posterior import Posterior, update
from lib.engine.scale import confidence, latent_mean, percentile
from lib.engine.selection import gains, select
from lib.engine.stopping import StopRules, stop

__all__ = [
    "ItemBank",
    "Posterior",
    "StopRules",
    "confidence",
    "gains",
    "latent_mean",
    "percentile",
    "select",
    "stop",
    "update",
]

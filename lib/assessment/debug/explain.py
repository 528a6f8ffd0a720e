"""Explanation of a choice: the candidates of one step of a test, recomputed from the record.

A choice depends only on the session's row, its answers and its version of the pool, so it can be
recomputed at any time.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lib.assessment.debug.wire import CandidateOut, ChoiceOut
from lib.assessment.errors import StepNotReached
from lib.assessment.pools.eligibility import level_of
from lib.assessment.sessions.session import Session, askable_items, proficiency
from lib.assessment.sessions.store import AnswerRow
from lib.engine import Posterior, explain, gains

MAX_CANDIDATES = 20
"""Number of the most informative questions that are shown; the chosen one is always shown, too."""
DECIMALS = 6


def explain_choice(
    session: Session, answers: Sequence[AnswerRow], step: int | None
) -> ChoiceOut | None:
    """Return an explanation of the choice of a step's question.

    Args:
        session: The session, rebuilt from its record.
        answers: Its answers, in order.
        step: Number of answers before the choice; None for the question that is open, or the last
            one of a closed test.

    Returns:
        None if the test asked nothing.

    Raises:
        StepNotReached: If the test did not get that far.
    """
    chosen_items = [*session.posterior.items]
    if session.next_item is not None:
        chosen_items.append(session.next_item)
    if not chosen_items:
        return None
    last_step = len(chosen_items) - 1
    step = last_step if step is None else step
    if step > last_step:
        raise StepNotReached(last=last_step)
    return _choice(_session_at(session, answers, step), step, chosen_items[step])


def _session_at(session: Session, answers: Sequence[AnswerRow], step: int) -> Session:
    """Return the session as it was after `step` answers."""
    posterior = session.prior
    if step:
        items = list(session.posterior.items[:step])
        correct = [answer.is_correct for answer in answers[:step]]
        posterior = Posterior.of_answers(session.prior, session.pool.bank, items, correct)
    return replace(
        session, posterior=posterior, current_proficiency=proficiency(posterior), next_item=None
    )


def _choice(session: Session, step: int, chosen_item: int) -> ChoiceOut:
    pool, settings = session.pool, session.pool.selection
    unasked = pool.gradable.copy()
    unasked[list(session.posterior.items)] = False
    askable = askable_items(session)
    if askable is None:
        askable = np.zeros_like(unasked)
    items = np.flatnonzero(unasked)
    information = gains(session.posterior, pool.bank, items)
    level = level_of(session.current_proficiency)
    chances = np.ones(len(pool))
    if pool.eligibility is not None:
        chances = pool.eligibility.chances(len(pool), level)
    best = max((information[askable[items]]), default=0.0)
    ranked = np.argsort(-information, kind="stable")
    places = [
        place
        for rank, place in enumerate(ranked)
        if rank < MAX_CANDIDATES or items[place] == chosen_item
    ]
    return ChoiceOut(
        step=step,
        question_id=pool.question_ids[chosen_item],
        proficiency=session.current_proficiency,
        level=level,
        probability=round(explain(session.posterior, pool.bank, chosen_item).probability, DECIMALS),
        max_exposure=settings.max_exposure,
        best_items=settings.best_items,
        greatest_loss=settings.greatest_loss,
        unasked_count=len(items),
        eligible_count=int(askable.sum()),
        candidates=[
            CandidateOut(
                question_id=pool.question_ids[items[place]],
                expected_information=round(float(information[place]), DECIMALS),
                share_of_best=round(float(information[place] / best), DECIMALS) if best else 0.0,
                eligibility=round(float(chances[items[place]]), DECIMALS),
                eligible=bool(askable[items[place]]),
                chosen=items[place] == chosen_item,
            )
            for place in places
        ],
    )

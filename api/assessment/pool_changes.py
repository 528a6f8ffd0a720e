"""PUT …/questions/{question_id} of a pool, and POST …/retire: change one question."""

from typing import Annotated

from lib.assessment import errors
from lib.assessment.catalog import change
from lib.assessment.catalog import wire as w
from lib.assessment.parameters import PathQuestionId, PoolId
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.pool_changes", tag="Assessment: operators")
QUESTION = "/api/pools/{question_pool_id}/questions/{question_id:opaque}"
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post(f"{QUESTION}/retire")
@raises(errors.QuestionChanged, errors.QuestionNotFound)
def retire_question(
    question_pool_id: PoolId,
    question_id: PathQuestionId,
    deps: InjectedDeps,
    body: w.RetireIn | None = None,
) -> w.ChangedQuestionOut:
    """Exclude a question from tests that start later; repeating the call changes nothing."""
    return change.retire(question_pool_id, question_id, body or w.RetireIn(), deps)


@app.put(QUESTION)
@raises(*errors.EDIT)
def edit_question(
    question_pool_id: PoolId, question_id: PathQuestionId, body: w.EditIn, deps: InjectedDeps
) -> w.ChangedQuestionOut:
    """Replace a question, for tests that start later."""
    return change.edit(question_pool_id, question_id, body, deps)


lambda_handler = lambda_entry(app)

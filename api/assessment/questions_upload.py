"""POST /api/questions/upload: add questions to a pool, or change those it has."""

from typing import Annotated

from lib.assessment.errors import PoolConceptMismatch, QuestionInOtherPool, RuleConflict
from lib.assessment.pools.upload import upload
from lib.assessment.pools.wire import UploadIn, UploadOut
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.questions_upload", tag="Assessment: operators")


@app.post("/api/questions/upload")
@raises(PoolConceptMismatch, QuestionInOtherPool, RuleConflict)
def upload_questions(body: UploadIn, deps: Annotated[Deps, Depends(get_deps)]) -> UploadOut:
    """Write all questions or none; errors name the question and the field.

    Uploading a question again changes it for tests that start later. Without `question_pool_id`,
    the questions go to the pool that already has some of them, or else to a new pool.
    """
    return upload(body, deps)


lambda_handler = lambda_entry(app)

"""POST /api/learning/content: import of topics, concepts and questions."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.errors import ContentRefused
from lib.learning.syllabus import content
from lib.learning.syllabus.wire import ContentAnswer, ContentIn
from lib.web.app import create_app, lambda_entry

app = create_app("learning.content", tag="Learning: syllabus")


@app.post("/api/learning/content")
@raises(ContentRefused)
def import_content(body: ContentIn, call: UserCall) -> ContentAnswer:
    """Store topics, concepts and questions from JSON or CSV, all or nothing.

    Rows with an existing name are changed. `dry_run` only checks.
    """
    return content.import_content(call, body)


lambda_handler = lambda_entry(app)

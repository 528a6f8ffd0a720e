"""/api/learning/content and …/content-files: import of content, and its files for devices."""

from typing import Annotated

from lib.errors import raises
from lib.framework import Path, Request, Response
from lib.learning.content_files import published
from lib.learning.content_files.wire import ContentFileOut, ContentFilesOut
from lib.learning.current_user import UserCall
from lib.learning.errors import ContentFileNotFound, ContentRefused
from lib.learning.parameters import SentText
from lib.learning.syllabus import content
from lib.learning.syllabus.wire import ContentIn, ImportedContentOut
from lib.web import immutable_file
from lib.web.app import create_app, lambda_entry

app = create_app("learning.content", tag="Learning: syllabus")


@app.post("/api/learning/content")
@raises(ContentRefused)
def import_content(body: ContentIn, call: UserCall) -> ImportedContentOut:
    """Store topics, concepts and questions from JSON or CSV, all or nothing.

    A topic or concept whose name exists is changed, and so is a question whose text exists.
    `dry_run` only checks the content.
    """
    return content.import_content(call, body)


@app.get("/api/learning/content-files")
def list_content_files(call: UserCall) -> ContentFilesOut:
    """Return the list of the files that make up the content at present."""
    return published.list_files(call)


@app.get("/api/learning/content-files/{sha256}", response_model=ContentFileOut)
@raises(ContentFileNotFound)
def read_content_file(
    sha256: Annotated[SentText, Path(max_length=64, description="Hash of the file.")],
    call: UserCall,
    request: Request,
) -> Response:
    """Return a content file; it has the answers to practice questions, since devices grade them."""
    file = published.read_file(call, sha256)
    return immutable_file.response(request.headers, file.sha256, file.body, file.compressed)


lambda_handler = lambda_entry(app)

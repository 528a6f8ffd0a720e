"""The content files that the server offers to its users."""

from lib.learning.content_files.files import ContentFile, current_content
from lib.learning.content_files.wire import ContentFilesOut, ListedFileOut
from lib.learning.current_user import Call
from lib.learning.errors import ContentFileNotFound


def list_files(call: Call) -> ContentFilesOut:
    """Return the files that make up the content at present."""
    content = current_content(call.db)
    return ContentFilesOut(
        content=content.version,
        files=[
            ListedFileOut(name=file.name, sha256=file.sha256, size=len(file.body))
            for file in content.files
        ],
        count=len(content.files),
    )


def read_file(call: Call, sha256: str) -> ContentFile:
    """Return the file with this hash.

    Raises:
        ContentFileNotFound: If no file of the present content has this hash.
    """
    for file in current_content(call.db).files:
        if file.sha256 == sha256:
            return file
    raise ContentFileNotFound

"""Parameters that several endpoints of the tests share, and the header of a start."""

from typing import Annotated

from pydantic import StringConstraints

from lib.assessment.former_ids import PoolUuid, SessionUuid
from lib.framework import Header, Path

TestId = Annotated[SessionUuid, Path(description="Id of the test, from `test/start`.")]
PoolId = Annotated[PoolUuid, Path(description="Id of the question pool.")]
PathQuestionId = Annotated[
    str,
    Path(min_length=1, max_length=200, pattern=r"^[^\x00]*$", description="Id of the question."),
]
StartKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$")] | None,
    Header(
        alias="Idempotency-Key",
        description="A start repeated with the same key and the same body returns the same test. "
        "Choose a long random key: whoever knows it can go on with the test.",
    ),
]

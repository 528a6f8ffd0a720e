"""Parameters that several endpoints of the tests share."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

TestId = Annotated[UUID, Path(description="Id of the test, from `test/start`.")]
PoolId = Annotated[UUID, Path(description="Id of the question pool.")]
Offset = Annotated[int, Query(ge=0, le=1_000_000, description="Number of entries to skip.")]

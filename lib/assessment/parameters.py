"""Parameters that several endpoints of the tests share."""

from typing import Annotated
from uuid import UUID

from lib.framework import Path

TestId = Annotated[UUID, Path(description="Id of the test, from `test/start`.")]
PoolId = Annotated[UUID, Path(description="Id of the question pool.")]

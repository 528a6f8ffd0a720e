"""A second call in Postgres, for tests of simultaneous calls."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg

BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
Call = Callable[[], Any]


class OtherCall:
    """A call that another one waits for, since its transaction is open until `finish_during`."""

    def __init__(
        self, connection: "psycopg.Connection[Any]", watch: "psycopg.Connection[Any]"
    ) -> None:
        self.execute = connection.execute
        self._connection = connection
        self._watch = watch

    def finish_during(self, call: Call, then: tuple[str, ...] = ()) -> Any:
        """Start a call; once it waits, execute the statements `then`, and commit.

        Returns:
            The response to the call that waited.
        """
        responses: list[Any] = []
        thread = threading.Thread(target=lambda: responses.append(call()))
        thread.start()
        deadline = time.monotonic() + 60
        while self._watch.execute(BLOCKED).fetchone() == (0,) and thread.is_alive():
            assert time.monotonic() < deadline, "the call neither waited nor ended"
            time.sleep(0.01)
        waited = thread.is_alive()
        for statement in then:
            self.execute(statement)
        self._connection.commit()
        thread.join()
        assert waited, f"the call did not wait: {responses[0].text}"
        return responses[0]

"""Cache of a pool's questions in process memory; evicts the least recently used."""

import threading
from collections import OrderedDict

from lib.assessment.pools.question import Question

MAX_CACHE_BYTES = 1_000_000
"""Maximum size of one pool's cache; holds about a thousand typical questions."""

_BYTES_PER_QUESTION = 800
"""Size of a question without its texts, at four options (measured on Python 3.12)."""


class QuestionCache:
    """Questions by id; thread-safe."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._questions: OrderedDict[str, tuple[Question, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question_id: str) -> Question | None:
        """Return the question if it is cached."""
        with self._lock:
            if question_id not in self._questions:
                return None
            self._questions.move_to_end(question_id)
            return self._questions[question_id][0]

    def put(self, question: Question) -> None:
        """Cache a question, evicting the least recently used ones if there is no room."""
        size = _size(question)
        with self._lock:
            _, previous_size = self._questions.pop(question.id, (None, 0))
            self._questions[question.id] = question, size
            self._bytes += size - previous_size
            while self._bytes > self._max_bytes:
                _, (_, evicted_size) = self._questions.popitem(last=False)
                self._bytes -= evicted_size


def _size(question: Question) -> int:
    """Estimate the bytes that a question takes; a character takes four at most."""
    texts = [question.content, *map(str, question.options)]
    return _BYTES_PER_QUESTION + sum(len(text) * (1 if text.isascii() else 4) for text in texts)

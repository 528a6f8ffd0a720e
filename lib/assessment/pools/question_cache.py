"""Questions as they are shown, in process memory: those of a pool that were asked last."""

import threading
from collections import OrderedDict

from lib.assessment.pools.question import Shown

MAX_TEXT_BYTES = 1_000_000
"""Of a pool; a thousand usual questions."""

_BYTES_PER_QUESTION = 800
"""Of a question's dictionary and lists themselves, at four options (measured, Python 3.12)."""


class TextShelf:
    """Questions by id, those asked longest ago go first; safe for threads."""

    def __init__(self, max_bytes: int = MAX_TEXT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._held = 0
        self._texts: OrderedDict[str, tuple[Shown, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, question_id: str) -> Shown | None:
        """The question, if it is held."""
        with self._lock:
            if question_id not in self._texts:
                return None
            self._texts.move_to_end(question_id)
            return self._texts[question_id][0]

    def hold(self, question: Shown) -> None:
        """Hold it, in place of those asked longest ago if there is no room."""
        size = _bytes(question)
        with self._lock:
            _, before = self._texts.pop(question["id"], (None, 0))
            self._texts[question["id"]] = question, size
            self._held += size - before
            while self._held > self._max_bytes:
                _, (_, freed) = self._texts.popitem(last=False)
                self._held -= freed


def _bytes(question: Shown) -> int:
    """About how much memory a question takes; at most four bytes a character."""
    texts = [question["content"], *map(str, question["options"])]
    return _BYTES_PER_QUESTION + sum(len(text) * (1 if text.isascii() else 4) for text in texts)

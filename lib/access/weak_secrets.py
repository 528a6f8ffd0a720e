"""Secrets that a deployment refuses, because a stranger could guess them.

A refusal names the rule that the secret breaks, never the secret.
"""

import re
from itertools import pairwise

from lib.text.patterns import late_pattern

MINIMUM_PASSWORD_LENGTH = 12  # characters
MINIMUM_SECRET_LENGTH = 16  # characters, as Vercel recommends for CRON_SECRET
MINIMUM_VARIETY = 5  # different characters; 12 random ones have fewer once in a million
PLACEHOLDERS = frozenset({"YOUR_ADMIN_PASSWORD", "YOUR_INSTRUCTOR_PASSWORD", "YOUR_PASSWORD"})
"""Passwords as the guides print them."""
_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")
_COMMON_WORDS = (
    *("abc", "admin", "administrator", "asdfghjkl", "change", "changeit", "changeme", "correct"),
    *("cron", "default", "demo", "dev", "dragon", "example", "foo", "bar", "football", "hello"),
    *("horse", "battery", "staple", "iloveyou", "instructor", "key", "letmein", "local", "login"),
    *("master", "me", "monkey", "my", "pass", "password", "passwort", "placeholder", "please"),
    *("princess", "prod", "production", "qwerty", "qwertyuiop", "qwertz", "qwertzuiop", "root"),
    *("secret", "staging", "stepwise", "student", "super", "teacher", "test", "testing", "the"),
    *("this", "to", "token", "user", "value", "welcome", "workshop", "world", "xxx", "your"),
    *("yourpassword", "zxcvbnm", "a", "an", "is", "strong", "secure", "long", "random"),
    *("at", "least", "char", "chars", "characters", "hex", "digits", "generate", "here", "insert"),
)
_ONLY_COMMON_WORDS = late_pattern(
    rf"(?:{'|'.join(sorted(_COMMON_WORDS, key=len, reverse=True))})++"
)
_REPEATED = late_pattern(r"(.{1,8}?)\1{2,}.{0,8}", re.DOTALL)
"""A short part, repeated three times or more, and up to eight further characters."""


def weakness(secret: str | None, minimum_length: int) -> str | None:
    """Return why a password or a shared secret is too easy to guess, None if it is not.

    The reason follows the name of the secret: "is not set", "repeats a short part".
    """
    if not secret:
        return "is not set"
    if secret in PLACEHOLDERS:
        return "is the placeholder of the guides"
    if len(secret) < minimum_length:
        return f"has fewer than {minimum_length} characters"
    if _is_common(secret):
        return "consists of common words and digits"
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    if sum(step in {-1, 0, 1} for step in steps) > len(steps) * 3 // 4:
        return "counts up or down"
    return _pattern(secret)


def key_weakness(digits: str) -> str | None:
    """Return why an encryption key was not chosen at random, None if it may have been."""
    return _pattern(digits.lower())


def _is_common(secret: str) -> bool:
    """Return whether only common words remain after digits and signs are dropped.

    Digits and signs that look like letters are also tried as those letters.
    """
    lowered = secret.lower()
    without_ending = re.sub(r"[\W\d_]+$", "", lowered)
    spellings = (lowered, lowered.translate(_LOOKALIKES), without_ending.translate(_LOOKALIKES))
    texts = (re.sub(r"[\W\d_]", "", spelling) for spelling in spellings)
    return any(_ONLY_COMMON_WORDS.fullmatch(text) for text in texts)


def _pattern(secret: str) -> str | None:
    """Return the pattern in a secret that was not chosen at random, in words; None without one."""
    if len(set(secret)) < MINIMUM_VARIETY:
        return f"has fewer than {MINIMUM_VARIETY} different characters"
    if _REPEATED.fullmatch(secret):
        return "repeats a short part"
    return None

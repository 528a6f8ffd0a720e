"""Evaluate the mathematics of an answer option: "2√5", "x² + 10x", "x < 3", "4.8 km/h"."""

import math
import re

TOKEN = re.compile(r"\s*(\d+(?:\.\d+)?|sin|cos|ln|or|[A-Za-zπ√]|[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ˣ]+|[-+*/()<>])")
UNIT = re.compile(r"\s*(?:°|%|°C|hours|(?:[kc]?m|g)[²³]?(?:/[hs])?)$")
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ˣ", "0123456789-x")
FUNCTIONS = {"√": "sqrt", "sin": "sin", "cos": "cos", "ln": "log"}
NAMES = {"π": math.pi, "e": math.e, "sqrt": math.sqrt, "sin": math.sin, "cos": math.cos}
NAMES["log"] = math.log  # natural logarithm, ln in the questions


class NotMathematicsError(ValueError):
    """The text consists of words, or of mathematics that is not supported."""


def evaluate(text: str, **variables: float) -> float:
    """Return the value of an expression, or 1 or 0 for an inequality."""
    try:
        return float(eval(_to_python(text), {"__builtins__": {}}, NAMES | variables))
    except (NameError, SyntaxError, TypeError) as reason:
        raise NotMathematicsError(text) from reason


def quantity(text: str) -> float | None:
    """Return the number in a text with or without a unit ("$68", "5π cm"), None for other texts."""
    plain = UNIT.sub("", re.sub(r"(?<=\d),(?=\d{3})", "", text.replace("$", "")))
    try:
        return evaluate(plain)
    except NotMathematicsError:
        return None


def numbers(text: str) -> list[float]:
    """Return every whole number in a sentence: "x = 2 and x = 5" holds 2 and 5."""
    return [float(number) for number in re.findall(r"-?\d+", _plain_minus(text))]


def _plain_minus(text: str) -> str:
    return text.replace("\N{MINUS SIGN}", "-")


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, _plain_minus(text).strip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise NotMathematicsError(text)
        tokens.append(match[1])
        at = match.end()
    return tokens


def _to_python(text: str) -> str:
    """Translate to Python: "3 ln(x)" to 3*log(x), "2√5" to 2*sqrt(5)."""
    python: list[str] = []
    after_value = open_call = False
    for token in _tokens(text):
        call, power = token in FUNCTIONS, token[0].translate(SUPERSCRIPTS) != token[0]
        begins_value = call or token == "(" or (token[0].isalnum() and token != "or" and not power)
        python.append("*" * (after_value and begins_value))
        if open_call and token != "(":  # a function of one bare symbol: sin x, √5
            python.append(f"({token})")
        elif power:
            python.append(f"**({token.translate(SUPERSCRIPTS)})")
        else:
            python.append(f" {token} " if token == "or" else FUNCTIONS.get(token, token))
        open_call = call
        after_value = not call and (power or token == ")" or (begins_value and token != "("))
    return "".join(python)

"""Prints the cost of planning and cutting typical texts, best of many, in microseconds. Not collected by pytest."""

from timeit import repeat

from smsgwd.gsm import plan, segments

_TEXTS = {
    "ASCII, 1 part": "Your code is 123456. Do not share it. " * 3,
    "ASCII, 3 parts": "Your code is 123456. Do not share it. " * 11,
    "GSM with escapes, 1 part": "Price 10€ [net] {x} é",
    "GSM with escapes, 3 parts": "Price 10€ [net] {x} é " * 17,
    "Greek, 1 part": "Ο κωδικός σας είναι 123456",
    "Greek, 3 parts": "Ο κωδικός σας είναι 123456. " * 7,
    "emoji, 3 parts": "Hi 😀 there 👨\u200d👩\u200d👧 " * 8,
    "flags, 255 parts": "🇬🇷" * 16 * 254,
}


def best(statement: str, names: dict[str, object], number: int) -> float:
    """Return the best time of a statement in microseconds."""
    return min(repeat(statement, number=number, repeat=9, globals=names)) / number * 1e6


for name, text in _TEXTS.items():
    names: dict[str, object] = {"plan": plan, "segments": segments, "t": text, "p": plan(text)}
    number = 2000 if len(text) < 1000 else 5
    plan_us, cut_us = best("plan(t)", names, number), best("segments(t, p, ref=7)", names, number)
    print(f"{name:28} {plan(text).parts:3} parts   plan {plan_us:9.2f} µs   segments {cut_us:9.2f} µs")

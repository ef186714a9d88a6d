"""What greeting.py imports from its own archive."""


def counted(text: str) -> int:
    return len(text)

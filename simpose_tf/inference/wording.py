"""Numbers of things in what a user reads."""


def counted(number: int, one: str, many: str = "") -> str:
    """Return `1 picture`, `2 pictures`; `many` where an s is not enough, as for `1 person`, `2 people`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def people(number: int) -> str:
    """Return `1 person`, `2 people`."""
    return counted(number, "person", "people")

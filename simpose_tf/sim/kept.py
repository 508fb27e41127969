"""A bounded store of things that are dear to make and must be released."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Things that were made before: the latest used ones, the others are released."""

    def __init__(self, most: int, release: Callable[[T], object]):
        """Keep `most` things at once; `release` frees one."""
        self._most, self._release = most, release
        self._items: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the thing of a key, made now if it is not there."""
        if key not in self._items:
            self._items[key] = make()
            if len(self._items) > self._most:
                self._release(self._items.popitem(last=False)[1])
        self._items.move_to_end(key)
        return self._items[key]

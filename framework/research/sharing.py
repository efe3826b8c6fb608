"""One copy of the bars for all processes: an object in a file that each maps into its memory and none reads twice."""

from __future__ import annotations

import io
import mmap
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

#: Arrays begin on the line of a cache.
_ALIGN = 64
_LENGTH = 8


class _Pickler(pickle.Pickler):
    """Writes an array that is one number many times as that."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401 - pickle's own signature
        """How ``value`` is made again, where it is such an array."""
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.strides == (0,) and len(value) > 1:
            return np.broadcast_to, (value[0], len(value))
        return NotImplemented


def share(value: object, path: Path) -> None:
    """Write ``value`` to ``path``; its arrays stand there as they are in memory (pickle protocol 5)."""
    buffers: list[pickle.PickleBuffer] = []
    written = io.BytesIO()
    _Pickler(written, protocol=5, buffer_callback=buffers.append).dump(value)
    head = written.getvalue()
    raws = [buffer.raw() for buffer in buffers]
    index = pickle.dumps((head, [raw.nbytes for raw in raws]))
    with path.open("wb") as file:
        file.write(len(index).to_bytes(_LENGTH, "big"))
        file.write(index)
        for raw in raws:
            file.write(bytes(-file.tell() % _ALIGN))
            file.write(raw)


def attach(path: Path) -> object:
    """The value in ``path``; its arrays are read-only views of the file, which the system keeps in memory once for all."""
    with path.open("rb") as file:
        view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    place = _LENGTH + int.from_bytes(view[:_LENGTH], "big")
    head, lengths = pickle.loads(view[_LENGTH:place])  # noqa: S301 - written a moment ago by the process that started this one
    buffers = []
    for length in lengths:
        place += -place % _ALIGN
        buffers.append(view[place : place + length])
        place += length
    found: object = pickle.loads(head, buffers=buffers)  # noqa: S301 - the same
    return found

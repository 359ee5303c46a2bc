"""The headers of image files, read without Pillow and without decoding any pixels.

Pillow allocates the canvas of a WebP file as soon as it opens it, and loops in Python over the pieces of a file, however small they are.
So the structure is checked first: the format by the first bytes, the declared size, whether the file is complete, and whether it was
made to be expensive. Every reader here takes time in proportion to the number of pieces, which is limited.
"""

from ._header import Header
from ._read import read_header

__all__ = ["Header", "read_header"]

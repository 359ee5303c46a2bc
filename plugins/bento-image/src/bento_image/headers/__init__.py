"""What an image file says of itself, read without decoding anything of it and without Pillow.

Pillow makes room for a WebP file's canvas when it opens it, and loops in Python over whatever small pieces a file is made of. So
the structure is looked at first: the format by its first bytes, the size that it declares, whether it is whole, and whether it is
made to be dear. Every reader takes time in proportion to a file's pieces, and the number of those is bounded.
"""

from ._header import Header
from ._read import read_header

__all__ = ["Header", "read_header"]

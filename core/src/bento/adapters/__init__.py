"""Core's own adapters."""

from .array import ArrayAdapter
from .bytes import BytesAdapter, File
from .json import JsonAdapter
from .multipart import MultipartAdapter
from .text import TextAdapter

__all__ = ["ArrayAdapter", "BytesAdapter", "File", "JsonAdapter", "MultipartAdapter", "TextAdapter"]

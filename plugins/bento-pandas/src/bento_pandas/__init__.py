"""Tables as inputs, answers and models for bento."""

__all__: list[str] = []

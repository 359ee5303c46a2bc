"""A service on a GPU that allows each process one gigabyte of its memory."""

import os

import torch
from nets import Net
from torch import nn

import bento
from bento.adapters import JsonAdapter
from bento_torch import TensorAdapter, TorchArtifact

GIGABYTE = 1 << 30


class Served(bento.Service):
    model = TorchArtifact(build=Net)
    words = TorchArtifact(build="torch.nn:Embedding", num_embeddings=8, embedding_dim=2)

    def setup(self):
        torch.cuda.set_per_process_memory_fraction(GIGABYTE / torch.cuda.get_device_properties(0).total_memory)

    @bento.api(input=TensorAdapter(shape=(None, 1, 8, 8), dtype="float32"), batch=True)
    def tell(self, pictures):
        return self.model(pictures)

    @bento.api(input=TensorAdapter(shape=(None,), dtype="float32", device="cpu"), batch=bento.Batch(size=4, wait=30))
    def eat(self, megabytes):
        """Take as much memory as each row says, and hold on to it."""
        plates: dict[int, torch.Tensor] = {}
        for number, each in enumerate(megabytes.tolist()):
            plates[number] = torch.empty(int(each) << 20, dtype=torch.uint8, device="cuda")
        return megabytes

    @bento.api(input=TensorAdapter(shape=(None,), dtype="int64"), batch=True)
    def look_up(self, words):
        return self.words(words)

    @bento.api(input=JsonAdapter(), output=JsonAdapter())
    def about(self, value):
        device = next(self.model.parameters()).device
        return {"process": os.getpid(), "device": str(device), "memory": torch.cuda.memory_allocated()}


def service():
    """The service with models that are the same each time."""
    torch.manual_seed(0)
    return Served(model=Net().eval(), words=nn.Embedding(8, 2))

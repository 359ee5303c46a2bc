"""The parts of the kits that are the same for every module here."""

import numpy as np
import torch


def made(kind, *arguments, **options):
    """A module in evaluation mode, the same each time."""
    torch.manual_seed(0)
    return kind(*arguments, **options).eval()


def device_of(model):
    """The device of a module, which is the GPU, if there is one, once the module is loaded."""
    return next(iter(model.state_dict().values())).device


class ModuleTests:
    def inputs(self):
        return np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)

    def predict(self, model, inputs):
        with torch.inference_mode():
            return model(torch.from_numpy(inputs).to(device_of(model))).cpu().numpy()

    def same(self, one, other):
        """The last bits depend on where in memory the values lie, and on the device."""
        return one.dtype == other.dtype and one.shape == other.shape and np.allclose(one, other, atol=1e-5)

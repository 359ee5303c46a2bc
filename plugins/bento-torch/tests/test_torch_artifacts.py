"""The artifacts pass the kit, with modules and programs of every kind."""

import nets
import pytest
import torch
from kit import ModuleTests, made

from bento.testing import ArtifactTests
from bento_torch import TorchArtifact, TorchExportArtifact, TorchScriptArtifact

pytestmark = [
    pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning"),
    # PyTorch 2.11 gives this warning about a file that it has read itself.
    pytest.mark.filterwarnings("ignore:The given buffer is not writable:UserWarning"),
]


class TestPicturesModule(ModuleTests, ArtifactTests):
    artifact = TorchArtifact(build=nets.Net, channels=2)

    def model(self):
        return made(nets.Net, channels=2)

    def inputs(self):
        return super().inputs().reshape(1, 1, 8, 8)


class TestModuleWithAllSortsOfLayers(ModuleTests, ArtifactTests):
    artifact = TorchArtifact(build="nets:make", kind="Mixed")

    def model(self):
        return made(nets.Mixed)

    def inputs(self):
        return super().inputs()[None]


class TestModuleThatGetsCopies(ModuleTests, ArtifactTests):
    artifact = TorchArtifact(build=nets.Hoarder)

    def model(self):
        return made(nets.Hoarder)


class TestScriptedModule(ModuleTests, ArtifactTests):
    artifact = TorchScriptArtifact()

    def model(self):
        return torch.jit.script(made(nets.Net))

    def inputs(self):
        return super().inputs().reshape(1, 1, 8, 8)


class TestExportedProgram(ModuleTests, ArtifactTests):
    artifact = TorchExportArtifact(device="cpu")
    max_examples = 25
    lasting = ("tqdm_monitor",)  # PyTorch 2.6 runs graphs with a progress bar, even if it is hidden

    def model(self):
        batch = torch.export.Dim("batch")
        return torch.export.export(made(nets.Net), (torch.zeros(2, 1, 8, 8),), dynamic_shapes=({0: batch},))

    def inputs(self):
        return super().inputs().reshape(1, 1, 8, 8)

    def predict(self, model, inputs):
        return super().predict(model.module(), inputs)


def test_the_module_of_the_function_that_builds_a_module_is_saved():
    assert TorchArtifact(build="shop.nets:Net").modules_of(made(nets.Net)) == ["shop.nets"]

"""Modules of Lightning are kept like other modules."""

import lightning
import lit
import pytest
import torch
from kit import ModuleTests, made
from torch.utils.data import DataLoader, TensorDataset

from bento.testing import ArtifactTests
from bento_torch import TorchArtifact


class TestLightningModule(ModuleTests, ArtifactTests):
    artifact = TorchArtifact(build=lit.Lit, width=4)

    def model(self):
        return made(lit.Lit, width=4)


@pytest.mark.filterwarnings("ignore")
def test_a_lightning_module_is_kept_with_its_trainer_attached(tmp_path):
    rows, classes = torch.randn(32, 8), torch.randint(3, (32,))
    model = lit.Lit(width=4)
    trainer = lightning.Trainer(max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    trainer.fit(model, DataLoader(TensorDataset(rows, classes), batch_size=8))
    artifact = TorchArtifact(build=lit.Lit, device="cpu", width=4)
    artifact.save(model, tmp_path)
    loaded = artifact.load(tmp_path)
    assert model.trainer is trainer
    assert torch.equal(loaded(rows), model.eval()(rows))
    assert loaded.hparams.width == 4

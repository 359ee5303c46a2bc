"""A Lightning module with everything that training needs."""

import lightning
import torch
from torch import nn
from torchmetrics.classification import MulticlassAccuracy


class Lit(lightning.LightningModule):
    def __init__(self, width=8, rate=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(nn.Linear(8, width), nn.ReLU(), nn.Linear(width, 3))
        self.accuracy = MulticlassAccuracy(3)

    def forward(self, rows):
        return self.layers(rows)

    def training_step(self, batch, index):
        rows, classes = batch
        answers = self(rows)
        self.accuracy(answers, classes)
        return nn.functional.cross_entropy(answers, classes)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=self.hparams.rate)

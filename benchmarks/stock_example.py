"""PyTorch's MNIST example as its description has it, written anew: what `benchmarks.training` compares with.

Two 3 x 3 convolutions of 32 and 64, max-pool 2, dropout 0.25, dense 128, dropout 0.5, log-softmax; Adadelta with
learning rate 1, times 0.7 after each epoch; batches of 64 from torchvision's MNIST through a DataLoader; images
normalised by MNIST's mean and standard deviation; a test after every epoch.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from training.torchvision import datasets

_MEAN, _DEVIATION = 0.1307, 0.3081
_MOST_EPOCHS = 14


def network() -> nn.Sequential:
    """Takes (n, 1, 28, 28), gives the logarithms of the ten probabilities."""
    return nn.Sequential(
        nn.Conv2d(1, 32, 3),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Dropout(0.25),
        nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(128, 10),
        nn.LogSoftmax(1),
    )


def main() -> None:
    """Train until the target is reached on the test set, and save the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="the folder that has MNIST/raw")
    parser.add_argument("output", type=Path)
    parser.add_argument("--target", type=float, default=0.99)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from torchvision import transforms  # after training.torchvision, which makes its import possible everywhere

    torch.manual_seed(options.seed)
    prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize((_MEAN,), (_DEVIATION,))])
    train = DataLoader(datasets.MNIST(options.root, train=True, transform=prepare), batch_size=64, shuffle=True)
    test = DataLoader(datasets.MNIST(options.root, train=False, transform=prepare), batch_size=1000)
    model = network()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    for epoch in range(1, _MOST_EPOCHS + 1):
        model.train()
        for images, targets in train:
            optimizer.zero_grad()
            F.nll_loss(model(images), targets).backward()
            optimizer.step()
        schedule.step()
        accuracy = _accuracy(model, test)
        print(f"epoch {epoch}  accuracy {accuracy:.2%}", flush=True)
        if accuracy >= options.target:
            break
    torch.save(model.state_dict(), options.output)


@torch.no_grad()
def _accuracy(model: nn.Module, test: DataLoader[tuple[torch.Tensor, torch.Tensor]]) -> float:
    model.eval()
    right = sum(int((model(images).argmax(1) == targets).sum()) for images, targets in test)
    return right / 10_000


if __name__ == "__main__":
    main()

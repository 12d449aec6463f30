"""
============================
The deep autoencoder of 2006
============================

Autoencoders of many logistic layers were hard to train until each layer was learned first as a
Boltzmann machine, and the stack of them unrolled into an encoder and a decoder. Does that still
help?
"""

# %%
# One network, two starts
# -----------------------
# Five layers up to a code of two numbers and five down again. ``pretrained`` takes a deep belief
# network, fitted or not, and starts from its layers; the other networks start from random weights.
# The third has rectified units, the usual choice today.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdeepunsup import Autoencoder, DeepBeliefNetwork, TrainingCurveDisplay, metrics

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

layers = (256, 128, 64, 32)
stack = DeepBeliefNetwork((*layers, 2), n_iter=50, batch_size=20, resample=True, random_state=0)
shared = {"max_iter": 100, "n_iter_no_change": 100, "random_state": 0}
models = {
    "logistic": Autoencoder(2, hidden_layer_sizes=layers, activation="logistic", **shared),
    "logistic, pretrained": Autoencoder(pretrained=stack, **shared),
    "relu": Autoencoder(2, hidden_layer_sizes=layers, **shared),
}
for name, model in models.items():
    model.fit(X_train)
    shares = [metrics.reconstruction_score(model, rows) for rows in (X_train, X_test)]
    print(f"{name:21} explained variance {shares[0]:.2f}, of held-out images {shares[1]:.2f}")

# %%
# The training curves
# -------------------
# From random weights the logistic layers give every image the same answer for ten epochs, the mean,
# whose error is 4.7. Pretrained, they start far below. Rectified units do not need pre-training:
# they overtake the pretrained network within ten epochs. On held-out images the two end alike.

curves = {name: model.history_["loss"] for name, model in models.items()}
display = TrainingCurveDisplay(history=curves, names=list(curves)).plot()
display.ax_.set(ylabel="Squared error of an image", ylim=(0, None))
plt.show()

# %%
# The reconstructions
# -------------------

shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
rows = {"original": X_test[shown]}
rows |= {name: model.reconstruct(X_test[shown]) for name, model in models.items()}
figure, axes = plt.subplots(len(rows), 10, figsize=(8.5, 3.2), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images, line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

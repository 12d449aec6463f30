"""
=================
Filling in pixels
=================

Rows with missing entries can be encoded as they are, and decoded rows are complete. So an
autoencoder fills in missing entries; here it is compared with three imputers of scikit-learn.
"""

# %%
# Three pixels of ten are missing
# -------------------------------
# They are missing from the training images, too. In held-out images first as many scattered pixels
# are hidden, then a block of four by four pixels, which leaves no neighbours.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.model_selection import train_test_split

from skdeepunsup import DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
rng = np.random.default_rng(0)

train = np.where(rng.random(X_train.shape) < 0.3, np.nan, X_train)
scattered = np.where(rng.random(X_test.shape) < 0.3, np.nan, X_test)
block = X_test.reshape(-1, 8, 8).copy()
for image, (top, left) in zip(block, rng.integers(0, 5, (len(block), 2)), strict=True):
    image[top : top + 4, left : left + 4] = np.nan
block = block.reshape(-1, 64)

# %%
# Four ways to fill them
# ----------------------
# ``missing="mask"`` accepts NaN: a missing pixel is neither given to the network nor counted in the
# loss. The noise of the denoising autoencoder removes three more pixels of ten from each batch,
# which it has to reconstruct. So it learns to fill in.

imputers = {
    "mean": SimpleImputer(),
    "regression": IterativeImputer(max_iter=40, tol=0.01, random_state=0),
    "neighbours": KNNImputer(n_neighbors=10, weights="distance"),
}
model = DenoisingAutoencoder(
    128,
    hidden_layer_sizes=(512, 256),
    loss="bernoulli",
    corruption="masking",
    corruption_level=0.3,
    missing="mask",
    max_iter=120,
    random_state=0,
).fit(train)


def fill(seen):
    """Return the completed rows of ``seen``, by each of the ways."""
    filled = {name: imputer.fit(train).transform(seen) for name, imputer in imputers.items()}
    return filled | {"autoencoder": np.where(np.isnan(seen), model.reconstruct(seen), seen)}


filled = {name: fill(seen) for name, seen in {"scattered": scattered, "block": block}.items()}
print("squared error of an image   scattered   block")
for name in filled["block"]:
    errors = [np.square(answers[name] - X_test).sum(axis=1).mean() for answers in filled.values()]
    print(f"{name:27} {errors[0]:9.2f} {errors[1]:7.2f}")

# %%
# Where single pixels are missing the autoencoder is best, closely followed by the nearest
# neighbours; for a block the neighbours are best. The training data contain images that resemble
# nearly any digit, which suits them; but they have to keep and search all of these images.

# %%

cmap = plt.get_cmap("gray_r").with_extremes(bad="tab:orange")
shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
figure = plt.figure(figsize=(8, 9.6), layout="constrained")
for part, seen, answers in zip(
    figure.subfigures(2, 1, hspace=0.04), (scattered, block), filled.values(), strict=True
):
    rows = {"seen": seen, **answers, "original": X_test}
    axes = part.subplots(len(rows), 10)
    for (name, images), line in zip(rows.items(), axes, strict=True):
        for image, ax in zip(images[shown], line, strict=True):
            ax.imshow(image.reshape(8, 8), cmap=cmap, vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

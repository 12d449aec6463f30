"""
==========================
Several answers to a hole
==========================

The missing part of a row is seldom determined by the rest. A generative model can draw several
completions, and their differences show how much is known, pixel by pixel.
"""

# %%
# Two models of whole digits
# --------------------------
# Neither was trained with missing pixels. The Boltzmann machine fills them in by Gibbs sampling
# with the other pixels fixed, the autoencoder by sampling codes that agree with these; ``impute``
# is the method of both.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdeepunsup import GaussianRBM, VariationalAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
models = {
    "GaussianRBM": GaussianRBM(200, n_iter=60, random_state=0),
    "VariationalAutoencoder": VariationalAutoencoder(
        16,
        hidden_layer_sizes=(256,),
        dropout=0.2,
        noise_scale=0.2,
        batch_size=64,
        max_iter=60,
        random_state=0,
    ),
}
for model in models.values():
    model.fit(X_train)

# %%
# The lower half is missing from three digits. Here are six completions of each by either model,
# then the mean and the standard deviation of forty.

seen = np.where(np.arange(64) < 32, X_test, np.nan)
shown = [np.flatnonzero(y_test == digit)[k] for digit, k in ((4, 0), (3, 1), (5, 1))]
titles = ["seen", *["a completion"] * 6, "mean", "spread", "original"]
grey = plt.get_cmap("gray_r").with_extremes(bad="tab:orange")

figure = plt.figure(figsize=(9, 6.4), layout="constrained")
for part, (name, model) in zip(figure.subfigures(2, 1, hspace=0.05), models.items(), strict=True):
    draws = model.impute(seen[shown], n_draws=40, random_state=0)
    axes = part.subplots(3, len(titles))
    columns = [seen[shown], *draws[:6], draws.mean(axis=0), draws.std(axis=0), X_test[shown]]
    for images, title, column in zip(columns, titles, axes.T, strict=True):
        for image, ax in zip(images, column, strict=True):
            spread = title == "spread"
            ax.imshow(
                image.reshape(8, 8),
                cmap="magma" if spread else grey,
                vmin=0,
                vmax=0.4 if spread else 1,
            )
            ax.set(xticks=[], yticks=[])
        if title != "a completion":
            column[0].set_title(title, fontsize="medium")
    axes[0, 3].set_title("six completions", fontsize="medium", x=1.1)
    part.suptitle(name, x=0.01, ha="left", weight="bold")
plt.show()

# %%
# Bright pixels of the spread are those that the upper half does not determine: whether a stroke
# continues, and where. A single answer, even the best on average, is a grey mixture that does not
# look like any digit.

# %%
# Is their uncertainty right?
# ---------------------------
# If the truth has the distribution of the draws, then it lies between the second smallest and the
# second largest of 39 draws in 36 cases of 40, and likewise for the other pairs. Below the diagonal
# a model is overconfident, above it underconfident, as both are here: many pixels are white in
# nearly all digits, and normal noise is too wide for them.

some = np.random.default_rng(0).choice(len(X_test), 100, replace=False)
figure, ax = plt.subplots(figsize=(4.6, 4.4), layout="constrained")
ax.plot([0, 1], [0, 1], color="0.6", linestyle=":")
ranks = np.arange(1, 20)
for name, model in models.items():
    draws = np.sort(model.impute(seen[some], n_draws=39, random_state=0), axis=0)[..., 32:]
    truth = X_test[some, 32:]
    inside = [((draws[k - 1] <= truth) & (truth <= draws[-k])).mean() for k in ranks]
    ax.plot(1 - ranks / 20, inside, marker=".", label=name)
    error = np.sqrt(np.square(draws.mean(axis=0) - truth).mean())
    print(f"{name:22} error of the mean {error:.3f}, within 90 % intervals {inside[1]:.1%}")
ax.set(
    xlabel="coverage an interval of draws should have",
    ylabel="share of the true pixels within it",
    xlim=(0, 1),
    ylim=(0, 1),
    aspect="equal",
)
ax.legend(loc="upper left")
plt.show()

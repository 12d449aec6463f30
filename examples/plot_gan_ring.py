"""
=================
A game to look on
=================

No loss of a GAN shows how far it has come. In two dimensions the game can be seen: the samples of
the generator, and the places that the discriminator takes for real.
"""

# %%
# Eight clusters
# --------------
# The data are eight normal distributions on a ring. A callback receives a fitted copy of the model
# at the end of each epoch. It compares samples with held-out rows, and keeps some of the copies.
# The encoder, which learns after the game, is not needed here and gets one epoch.

import matplotlib.pyplot as plt
import numpy as np

from skdeepunsup import GAN, metrics

rng = np.random.default_rng(0)
angles = np.arange(8) * np.pi / 4
hills = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
X = hills[rng.integers(8, size=3000)] + 0.05 * rng.normal(size=(3000, 2))
X_train, X_test, others = X[:2000], X[2000:2500], X[2500:]


class Watch:
    """A callback that measures samples after each epoch, and keeps the models of some."""

    def __init__(self, epochs):
        self.epochs, self.models, self.distances = epochs, {}, []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        epoch = context.task_id + 1
        if context.task_name == "epoch" and epoch <= estimator.max_iter:
            samples = fitted_estimator.sample(len(X_test), random_state=0)
            self.distances.append(metrics.kernel_distance(X_test, samples))
            if epoch in self.epochs:
                self.models[epoch] = fitted_estimator


def fitted(epochs, **parameters):
    """Return a GAN and the callback that watched it."""
    watch = Watch(epochs)
    model = GAN(max_iter=150, encoder_max_iter=1, random_state=0, **parameters)
    return model.set_callbacks(watch).fit(X_train), watch


grid = np.linspace(-3, 3, 80)
places = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)


def draw(watch):
    """Draw the samples of some epochs over what the discriminator takes for real."""
    figure, axes = plt.subplots(1, len(watch.models), figsize=(9, 1.7), layout="constrained")
    for (epoch, model), ax in zip(watch.models.items(), axes, strict=True):
        real = model.discriminate(places).reshape(80, 80)
        shades = ax.imshow(real, cmap="RdBu", vmin=0, vmax=1, extent=(-3, 3, -3, 3), origin="lower")
        ax.plot(*hills.T, "o", color="gray", fillstyle="none", markersize=9)
        ax.plot(*model.sample(500, random_state=0).T, ".", color="black", markersize=1.5)
        ax.set(xticks=[], yticks=[], xlim=(-3, 3), ylim=(-3, 3))
        ax.set_title(f"epoch {epoch}", fontsize="medium")
    figure.colorbar(shades, ax=axes, label="real", ticks=[0, 0.5, 1], shrink=0.8, pad=0.01)
    plt.show()


model, watch = fitted([1, 4, 10, 20, 50, 150])
draw(watch)

# %%
# Circles mark the clusters. Blue is what the discriminator takes for real, red what it takes for
# generated. The samples spread before they gather, and in the end the discriminator can hardly do
# better than guess wherever there are samples. A few stay between the clusters: the generator is
# continuous, and cannot tear one normal distribution into eight.

# %%
# A discriminator that is too slow
# --------------------------------
# Now the discriminator learns at a tenth of the generator's rate, not at three times this rate. The
# generator puts all samples where the discriminator takes them for real, long before it has learned
# to reject that place, then moves on. The rates are constant, and samples are from the last
# generator and not from the average one, which would hide how they wander.

slow, slow_watch = fitted(
    [100, 110, 120, 130, 140, 150],
    discriminator_learning_rate=1e-4,
    learning_rate_schedule="constant",
    averaging=0,
)
draw(slow_watch)

# %%
# Which measure tells the two games apart
# ---------------------------------------
# Against a discriminator that guesses, the generator loses :math:`\log 2` and the discriminator
# :math:`2 \log 2`. Both games stay near these values, although one has found the ring and the other
# nothing. The kernel distance between samples and held-out rows tells them apart. It is cut off
# below at the distance of other real rows, which is noise.

noise = abs(metrics.kernel_distance(X_test, others))
epochs = np.arange(1, 151)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
for name, gan, watched in (
    ("default", model, watch),
    ("slow discriminator", slow, slow_watch),
):
    (line,) = right.plot(epochs, np.maximum(watched.distances, noise), label=name)
    for player in ("generator", "discriminator"):
        left.plot(epochs, gan.history_[player][:150], color=line.get_color())
for guessing in np.log([2, 4]):
    left.axhline(guessing, color="black", linestyle=":", linewidth=1)
left.set_yticks(np.log([2, 4]), [r"generator: $\log 2$", r"discriminator: $2\,\log 2$"])
right.axhline(noise, color="black", linestyle=":", linewidth=1)
left.set(xlabel="epoch", title="losses")
right.set(xlabel="epoch", title="kernel distance", yscale="log")
right.legend()
plt.show()

# %%
# No single measure sees everything. The kernel distance does not notice the samples between the
# clusters, but precision does: the share of samples that fall among real rows.

for name, gan in (("default", model), ("slow discriminator", slow)):
    precision, recall = metrics.precision_recall(X_test, gan.sample(500, random_state=0))
    print(f"{name:18} precision {precision:.2f}, recall {recall:.2f}")

"""
====================
Digits out of a game
====================

A conditional GAN of digits: how its samples develop in training, what they are in the end, and what
lies between two codes, or between two images that a person wrote.
"""

# %%
# From noise to digits
# --------------------
# Ten codes, one for each class, are the same in all rows. A callback receives a fitted copy of the
# model after each epoch and decodes them. A code is eight normal numbers followed by the one-hot
# class.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from skdeepunsup import GAN, metrics

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)


class Watch:
    """A callback that decodes the same codes after some epochs."""

    def __init__(self, codes, epochs):
        self.codes, self.epochs, self.images = codes, epochs, {}

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        epoch = context.task_id + 1
        if context.task_name == "epoch" and epoch in self.epochs:
            self.images[f"epoch {epoch}"] = fitted_estimator.inverse_transform(self.codes)


def draw(rows):
    """Draw rows of images, a name before each."""
    n = len(next(iter(rows.values())))
    size = (8, 0.2 + len(rows) * 7 / n)
    _, axes = plt.subplots(len(rows), n, figsize=size, layout="constrained")
    for (name, images), line in zip(rows.items(), axes, strict=True):
        for image, ax in zip(images, line, strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    plt.show()


rng = np.random.default_rng(0)
watch = Watch(np.hstack([rng.normal(size=(10, 8)), np.eye(10)]), (1, 3, 10, 30, 100, 200))
model = GAN(8, conditional=True, max_iter=200, random_state=0).set_callbacks(watch)
model.fit(X_train, y_train)
draw(watch.images)

# %%
# Samples of a class
# ------------------
# ``sample`` draws from the classes it is given. A classifier of real digits tells whether samples
# belong to these classes. Recall, the share of held-out images that fall among the samples, tells
# how much of the data they cover.

classifier = MLPClassifier(max_iter=500, random_state=0).fit(X_train, y_train)
samples, others = model.sample(len(y_test), y=y_test, random_state=0), X_train[: len(y_test)]
for name, images in (("held-out images", X_test), ("samples", samples)):
    print(f"{name:15} read as asked for {classifier.score(images, y_test):.1%}")
for name, images in (("training images", others), ("samples", samples)):
    print(f"{name:15} recall {metrics.precision_recall(X_test, images).recall:.2f}")

# %%
# The classifier is more often right on the samples than on real digits, and the samples cover less:
# the generator draws typical digits, and misses some of what people write.

draw({str(label): model.sample(12, y=label, random_state=label) for label in range(10)})

# %%
# Between two codes
# -----------------
# The middle of the straight line between two normal codes is shorter than nearly all codes that the
# generator has seen. A great circle keeps the length:
#
# .. math:: z(t) = \frac{\sin((1 - t)\,\omega)\, z_0 + \sin(t\,\omega)\, z_1}{\sin \omega},
#
# with :math:`\omega` the angle between :math:`z_0` and :math:`z_1`. The class is fixed. The ends
# are the two of twenty codes with the widest angle between them.

steps = np.linspace(0, 1, 11)[:, None]


def line(start, end):
    """Return codes on the line between two."""
    return (1 - steps) * start + steps * end


def great_circle(start, end):
    """Return codes on the arc around 0 between two."""
    angle = np.arccos(start @ end / np.linalg.norm(start) / np.linalg.norm(end))
    return (np.sin((1 - steps) * angle) * start + np.sin(steps * angle) * end) / np.sin(angle)


codes = rng.normal(size=(20, 8))
ends = codes[list(np.unravel_index(cosine_similarity(codes).argmin(), (20, 20)))]
rows = {}
for path in (line, great_circle):
    walk = path(*ends)
    name = path.__name__.replace("_", " ")
    print(f"{name:12} length in the middle {np.linalg.norm(walk[5]):.2f}")
    for label in (2, 5):
        held = np.tile(np.eye(10)[label], (len(walk), 1))
        rows[f"{label}, {name}"] = model.inverse_transform(np.hstack([walk, held]))
lengths = np.linalg.norm(codes, axis=1)
print(f"20 codes     lengths from {lengths.min():.2f} to {lengths.max():.2f}")

# %%

draw(rows)

# %%
# Either way all images are twos and fives, and none is a blend of two. Eight numbers are few: the
# more components, the less likely it is that a drawn code lies near the middle of such a line.

# %%
# Between two images
# ------------------
# ``transform`` finds a code for a real image, the probability of each class in its last ten places.
# Here codes move on the straight line, so that one class changes into another. The first and the
# last image of each row are real.

rows = {}
for a, b in ((0, 6), (1, 7), (3, 8), (4, 9)):
    ends = X_test[[(y_test == a).argmax(), (y_test == b).argmax()]]
    between = model.inverse_transform(line(*model.transform(ends)))
    rows[f"{a} to {b}"] = np.vstack([ends[:1], between, ends[1:]])
draw(rows)

# %%
# The ends do not decode to the real image but to a similar one: the encoder was trained on
# generated images alone, and the generator may have no code for this image. Between two classes,
# some images are of neither.

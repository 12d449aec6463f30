"""
====================
Films like this film
====================

Two ways to measure which films are similar: by who liked them, and by what is written about them. A
recommender learns the first from ratings alone, and from five ratings of a new user says what to
see next.

MovieLens 100k may not be redistributed, so this page shows the script without running it. Give it
the folder ``ml-100k`` as an argument, or a folder that holds it in the environment variable
``SKDEEPUNSUP_DATA``; otherwise it is fetched from GroupLens once.
"""

# %%
# Ratings
# -------
# 943 users gave 100,000 ratings, from 1 to 5, to 1,682 films. In a sparse matrix of ratings, an
# entry that is not stored is missing, not 0.

import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryFile
from urllib.request import urlopen
from zipfile import ZipFile

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from scipy.sparse import csr_array
from sklearn.datasets import get_data_home
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from skdeepunsup import DenoisingAutoencoder, RatingAutoencoder

SOURCE = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"


def ratings_folder():
    """Return where ``u.data`` and ``u.item`` are."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    if os.environ.get("SKDEEPUNSUP_DATA"):
        return Path(os.environ["SKDEEPUNSUP_DATA"], "ml-100k")
    folder = Path(get_data_home(), "ml-100k")
    if not folder.exists():
        with TemporaryFile() as file, urlopen(SOURCE) as answer:
            file.write(answer.read())
            ZipFile(file).extractall(folder.parent)
    return folder


folder = ratings_folder()
users, items, ratings, _ = np.loadtxt(folder / "u.data", dtype=int).T
X = csr_array((ratings.astype(float), (users - 1, items - 1)))
films = [line.split("|") for line in (folder / "u.item").read_text("latin-1").splitlines()]
titles = [film[1] for film in films]
genres = np.array([film[5:] for film in films], dtype=float)
n_ratings = np.bincount(items - 1)

# %%
# Alike by who liked them, and by what is written
# -----------------------------------------------
# The autoencoder of ratings knows only the ratings of a film, and has a vector for each film;
# ``similar_items`` compares these. The other autoencoder is given genres and the words of the
# title, and no ratings; films are compared by their codes.

model = RatingAutoencoder(random_state=0).fit(X)

words = TfidfVectorizer(stop_words="english", min_df=2)
written = words.fit_transform(re.sub(r" \(\d+\)", "", title) for title in titles)
content = np.hstack([genres, written.toarray()])
encoder = DenoisingAutoencoder(
    64, corruption="masking", corruption_level=0.3, max_iter=60, random_state=0
)
neighbours = NearestNeighbors(n_neighbors=5, metric="cosine").fit(encoder.fit_transform(content))
by_content = neighbours.kneighbors(return_distance=False)

asked = ["Star Wars (1977)", "Toy Story (1995)", "Casablanca (1942)", "Alien (1979)"]
by_ratings, _ = model.similar_items([titles.index(title) for title in asked], k=5)
lists = {
    title: ([titles[i] for i in liked], [titles[i] for i in by_content[titles.index(title)]])
    for title, liked in zip(asked, by_ratings, strict=True)
}
for title, columns in lists.items():
    print(f"\n{title}: alike by ratings, and by content")
    for liked, similar in zip(*columns, strict=True):
        print(f"    {liked:42} {similar}")

# %%
# A new user
# ----------
# A user is a row of ratings, seen in ``fit`` or not. Two users rate the same five films, and
# nothing else:

rated = ["Alien", "Blade Runner", "Terminator, The", "Sleepless in Seattle", "Lion King, The"]
columns = [[title[:-7] for title in titles].index(name) for name in rated]
strangers = np.full((2, len(titles)), np.nan)
strangers[:, columns] = [[5, 5, 4, 1, 2], [1, 2, 1, 5, 5]]
recommended, expected = model.recommend(strangers, k=6)
for stranger, best, values in zip(strangers[:, columns], recommended, expected, strict=True):
    given = zip(rated, stranger, strict=True)
    print("\n" + ", ".join(f"{name} {rating:.0f}" for name, rating in given))
    for item, value in zip(best, values, strict=True):
        print(f"    {value:.1f}  {titles[item]}")

# %%
# A map
# -----
# The two hundred films with the most ratings, laid out so that neighbours by ratings stay
# neighbours. The colours are genres, which the model does not know.

shown = np.argsort(-n_ratings)[:200]
vectors = normalize(model.readout_.factors[shown])
places = TSNE(metric="cosine", random_state=0).fit_transform(vectors)
named = [
    *asked,
    "Lion King, The (1994)",
    "Scream (1996)",
    "Fargo (1996)",
    "Terminator, The (1984)",
    "Godfather, The (1972)",
    "English Patient, The (1996)",
    "Liar Liar (1997)",
]
colours = {  # a film's is that of the first it belongs to; columns of genres
    "Children's": (4, "tab:green"),
    "Horror": (11, "black"),
    "Sci-Fi": (15, "tab:blue"),
    "Romance": (14, "tab:pink"),
    "Action": (1, "tab:red"),
    "Comedy": (5, "gold"),
    "Drama": (8, "tab:purple"),
}
kinds = np.full(len(shown), "other", dtype=object)
for kind, (column, _) in reversed(colours.items()):
    kinds[genres[shown, column] == 1] = kind

figure, (left, right) = plt.subplots(
    1, 2, figsize=(11, 6), width_ratios=[1.15, 1], layout="constrained"
)
for kind, (_, colour) in {**colours, "other": (None, "0.6")}.items():
    left.scatter(*places[kinds == kind].T, s=24, color=colour, label=kind)
halo = [withStroke(linewidth=2.5, foreground="white")]
for title in named:
    (place,) = places[shown == titles.index(title)]
    side = "right" if place[0] > places[:, 0].mean() else "left"
    left.scatter(*place, s=60, color="none", edgecolor="black")
    left.annotate(title[:-7], place, (0, 6), textcoords="offset points", ha=side, path_effects=halo)
left.set(xticks=[], yticks=[], title="Two hundred films, by who liked them")
left.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 0), frameon=False)

right.set_axis_off()
for top, (title, columns) in zip(np.linspace(1, 0.235, len(lists)), lists.items(), strict=True):
    right.text(0, top, title[:-7], weight="bold", va="top")
    for x, heading, found in zip((0, 0.55), ("by ratings", "by content"), columns, strict=True):
        short = [name[:-7] if len(name) < 37 else name[:28] + " …" for name in found]
        right.text(x, top - 0.04, heading, style="italic", va="top")
        right.text(x, top - 0.08, "\n".join(short), fontsize=9, va="top")
right.set_title("Neighbours of four films")
figure.savefig("recommend_films.png", dpi=100)

# %%
# .. image:: ../images/recommend_films.png
#    :alt: A map of two hundred films, and the neighbours of four by ratings and by content.

# sphinx_gallery_thumbnail_path = "images/recommend_films.png"

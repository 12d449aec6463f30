"""
==================
Designing molecules
==================

A model of molecules draws new ones, goes from one to another in small steps, and looks for those
that have much of a property.

QM9, 133,885 molecules of up to nine heavy atoms, comes from http://quantum-machine.org/datasets.
This page shows the script without running it. Give it a file of SMILES, one a line, as an argument,
or set ``SKDEEPUNSUP_DATA`` to a folder with ``qm9_smiles.txt.gz``. The packages that it needs come
by ``pip install 'skdeepunsup[molecules]'``.
"""

# %%
# Molecules as sequences
# ----------------------
# SELFIES is a notation in which every sequence of symbols is a molecule. The vectorizer translates
# SMILES to it, and symbols to whole numbers, padded by 0.

import gzip
import os
import sys
from pathlib import Path

import numpy as np
from rdkit import Chem
from rdkit.Chem import QED, Draw
from sklearn.ensemble import ExtraTreesRegressor

from skdeepunsup import SelfiesVectorizer, SequenceVAE

N_MOLECULES, N_CLIMBERS, N_ROUNDS, N_PROPOSALS = 20_000, 100, 20, 20


def read_smiles():
    """Return the lines of the file."""
    if len(sys.argv) > 1:
        path = Path(sys.argv[1])
    else:
        path = Path(os.environ["SKDEEPUNSUP_DATA"], "qm9_smiles.txt.gz")
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        return file.read().split()


rng = np.random.default_rng(0)
smiles = rng.permutation(read_smiles())[:N_MOLECULES]
vectorizer = SelfiesVectorizer()
X = vectorizer.fit_transform(smiles)
smiles = vectorizer.inverse_transform(X)  # in canonical form
known = set(smiles)
print(f"{len(X):,} molecules of up to {X.shape[1]} of {len(vectorizer.vocabulary_) - 1} symbols")
print(smiles[0], list(vectorizer.vocabulary_), X[0], sep="\n")

# %%
# The model
# ---------
# ``free_bits`` makes the decoder use the code. Without them it would learn to write molecules
# without one, and there would be no space to walk in.

model = SequenceVAE(16, hidden_size=128, free_bits=0.6, kl_warmup=3, max_iter=15, random_state=0)
model.fit(X)
same = (model.reconstruct(X[:2000]) == X[:2000]).all(1).mean()
print(f"come back from their code as they were: {same:.0%}")

# %%
# New molecules
# -------------

drawn = vectorizer.inverse_transform(model.sample(1000, random_state=0))
new = [s for s in dict.fromkeys(drawn) if s and s not in known]
print(f"of 1,000 drawn {len(set(drawn)):,} are different, and {len(new):,} of these new")


def picture(name, molecules, legends, columns):
    """Draw molecules to a file."""
    image = Draw.MolsToGridImage(
        [Chem.MolFromSmiles(s) for s in molecules],
        molsPerRow=columns,
        subImgSize=(170, 130),
        legends=legends,
    )
    image.save(name, optimize=True)


picture("design_molecules_new.png", new[:14], None, 7)

# %%
# .. image:: ../images/design_molecules_new.png
#    :alt: Fourteen molecules that the model drew and was not shown.
#
# From one to another
# -------------------
# The codes on the line between two molecules, decoded greedily: each symbol is the likeliest one
# after those before it.

ends = ["Cc1ccccc1", "OCC(O)CO"]
start, end = model.transform(vectorizer.transform(ends))
line = start + np.linspace(0, 1, 200)[:, None] * (end - start)
on_the_way = list(dict.fromkeys(vectorizer.inverse_transform(model.inverse_transform(line))))
print(" → ".join(on_the_way))
picture("design_molecules_walk.png", on_the_way[:14], None, 7)

# %%
# .. image:: ../images/design_molecules_walk.png
#    :alt: Molecules between toluene and glycerol.
#
# More of a property
# ------------------
# QED says how much a molecule is like a drug, between 0 and 1. A hundred climbers start at random
# molecules. In each round a regressor, fitted to all codes seen so far, picks the most promising of
# twenty codes near each climber; that one is decoded and measured, and the climber moves there if
# it is better. As many measurements go to draws from the model, and to training molecules.


def qed(molecules):
    """Return the drug-likeness of each, 0 of an empty one."""
    parsed = (Chem.MolFromSmiles(s) for s in molecules)
    return np.array([QED.qed(m) if m.GetNumAtoms() else 0.0 for m in parsed])


def decoded(Z):
    """Return the molecules of codes."""
    return vectorizer.inverse_transform(model.inverse_transform(Z))


climbers = smiles[:N_CLIMBERS].copy()
Z = model.transform(X[:N_CLIMBERS])
best = qed(climbers)
before = best.copy()
seen_codes, seen_values = [Z], [best]
for _ in range(N_ROUNDS):
    guide = ExtraTreesRegressor(100, min_samples_leaf=2, random_state=0)
    guide.fit(np.concatenate(seen_codes), np.concatenate(seen_values))
    near = Z[:, None] + 0.5 * rng.standard_normal((N_CLIMBERS, N_PROPOSALS, Z.shape[1]))
    promise = guide.predict(near.reshape(-1, Z.shape[1])).reshape(N_CLIMBERS, -1)
    tried = near[np.arange(N_CLIMBERS), promise.argmax(1)]
    molecules = decoded(tried)
    values = qed(molecules)
    better = values > best
    Z[better], best[better], climbers[better] = tried[better], values[better], molecules[better]
    seen_codes.append(tried)
    seen_values.append(values)

n_measured = N_CLIMBERS * (N_ROUNDS + 1)
of_training = qed(smiles)
of_draws = qed(vectorizer.inverse_transform(model.sample(n_measured, random_state=1)))
of_some = of_training[rng.choice(len(smiles), n_measured, replace=False)]
print(f"QED after {n_measured:,} measurements: best, and mean of the best hundred")
for name, found in {
    "climbers, before": before,
    "climbers, after": best,
    "draws from the model": of_draws,
    "training molecules": of_some,
    f"all {len(smiles):,} training molecules": of_training,
}.items():
    print(f"    {name:32} {found.max():.3f}  {np.sort(found)[-N_CLIMBERS:].mean():.3f}")

order = np.argsort(-best)
found = list(dict.fromkeys(climbers[order]))
print(f"{len(found)} different molecules, {sum(s not in known for s in found)} of them new")
legends = [f"{qed([s])[0]:.3f}" + ("" if s in known else " new") for s in found[:14]]
picture("design_molecules_best.png", found[:14], legends, 7)

# %%
# .. image:: ../images/design_molecules_best.png
#    :alt: The fourteen best molecules that were found, with their drug-likeness.
#
# The best of the climbers equals the best of all training molecules, 0.669; draws from the model
# have one of 0.647, and as many training molecules one of 0.650. The mean of the hundred climbers,
# 0.599, is no better than that of the best hundred draws, 0.596.

# sphinx_gallery_thumbnail_path = "images/design_molecules_new.png"

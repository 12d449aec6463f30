"""
===========================================
Unusual rows, and their unusual features
===========================================

A Gaussian RBM learns the joint distribution of measurements of benign tumours. Rows that it finds
unlikely are outliers, and the detector shows which features make a row one.
"""

# %%
# A few malignant among the benign
# --------------------------------
# The training rows are 250 benign samples and ten malignant ones, without labels. The test rows are
# the other benign samples and as many malignant ones. Features are standardised by the training
# rows' own means and deviations, outliers included. The detector's model is a Gaussian RBM; the
# second detector averages twenty of them, each fitted to 64 rows, which contain hardly any
# outliers.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import IsolationForest
from sklearn.metrics import RocCurveDisplay, roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.preprocessing import StandardScaler

from skdeepunsup import OutlierDetector

data = load_breast_cancer()
rng = np.random.default_rng(0)
malignant = rng.permutation(np.flatnonzero(data.target == 0))
benign = rng.permutation(np.flatnonzero(data.target == 1))
train = np.concatenate([benign[:250], malignant[:10]])
test = np.concatenate([benign[250:], malignant[10:117]])
scaler = StandardScaler().fit(data.data[train])
X_train, X_test = scaler.transform(data.data[train]), scaler.transform(data.data[test])
odd = data.target[test] == 0

share = 10 / len(train)
detectors = {
    "GaussianRBM": OutlierDetector(contamination=share, random_state=0),
    "20 of them": OutlierDetector(
        n_estimators=20, max_samples=64, contamination=share, random_state=0
    ),
    "IsolationForest": IsolationForest(contamination=share, random_state=0),
    "LocalOutlierFactor": LocalOutlierFactor(novelty=True, contamination=share),
}
for name, detector in detectors.items():
    detector.fit(X_train)
    area = roc_auc_score(odd, -detector.score_samples(X_test))
    found = detector.predict(X_test) == -1
    shares = f"{found[odd].mean():.0%} of the malignant, {found[~odd].mean():.0%} of the benign"
    print(f"{name:18} area under the ROC curve {area:.3f}; called outliers: {shares}")

# %%
# The two detectors of scikit-learn rank these rows better. ``contamination`` sets the threshold and
# does not change the ranking: with the true share of the training rows no benign sample is called
# an outlier, and about half of the malignant samples are.

# %%
# What makes them unusual
# -----------------------
# ``feature_contributions`` replaces one feature at a time by the value that the machine expects,
# given the row, and returns the rise of the score. Some of the most unusual rows, on the left, have
# large nuclei, others ragged ones.

detector = detectors["GaussianRBM"]
oddest = detector.score_samples(X_test).argsort()[:14]
contributions = detector.feature_contributions(X_test[oddest])

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 5.8), width_ratios=[1, 1.1], layout="constrained"
)
for name, detector in detectors.items():
    RocCurveDisplay.from_predictions(odd, -detector.score_samples(X_test), name=name, ax=left)
left.set(title="Malignant among the test rows", aspect="equal")
left.set(xlabel="benign rows called outliers", ylabel="malignant rows called outliers")
image = right.imshow(contributions.T, cmap="Reds", vmin=0, aspect="auto")
right.set_yticks(range(30), data.feature_names, fontsize=8)
right.set(title="What makes a row odd, in nats", xticks=[])
right.set_xlabel(f"the fourteen oddest rows, {odd[oddest].sum()} of them malignant")
figure.colorbar(image, ax=right)
plt.show()

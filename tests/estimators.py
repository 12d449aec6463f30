"""Every public estimator, small enough to fit in no time: the lists of all trades, in one place.

Each trade has an `estimators.py` in its folder of tests. A new estimator joins scikit-learn's
checks and all laws by one line in the list `SMALL` there, which has one instance of each kind.
`VARIANTS` are instances with other settings, `LIMITED` such as take bits alone or a number of
features alone.
"""

from torch import nn

from tests.adversarial import estimators as adversarial
from tests.applications import estimators as imputing
from tests.applications.clustering import estimators as clustering
from tests.applications.compression import estimators as compression
from tests.applications.fine_tuning import estimators as fine_tuning
from tests.applications.images import estimators as images
from tests.applications.outliers import estimators as outliers
from tests.applications.recommending import estimators as recommending
from tests.energy import estimators as energy
from tests.features import estimators as features
from tests.reconstruction import estimators as reconstruction

FAMILIES = [energy, reconstruction, adversarial]
TRADES = [fine_tuning, clustering, outliers, imputing, images, compression, features]

ESTIMATORS = [estimator for family in FAMILIES for estimator in family.SMALL]
VARIANTS = [estimator for family in FAMILIES for estimator in family.VARIANTS]
LIMITED = [estimator for family in FAMILIES for estimator in family.LIMITED]

APPLICATIONS = [estimator for trade in TRADES for estimator in trade.SMALL]
FURTHER_APPLICATIONS = [estimator for trade in TRADES for estimator in trade.VARIANTS]
RECOMMENDERS = recommending.SMALL
FURTHER_RECOMMENDERS = recommending.VARIANTS
VECTORIZERS = features.VECTORIZERS

EVERY_KIND = [*ESTIMATORS, *APPLICATIONS, *RECOMMENDERS]
FIRST_OF_EACH = [trade.SMALL[0] for trade in [*FAMILIES, *TRADES, recommending]]


def with_width(estimator, width: int) -> dict[str, object]:
    """The parameters that make a code of ``width`` columns."""
    if "n_components" in estimator.get_params():
        return {"n_components": width}
    return {"hidden_layer_sizes": (*estimator.hidden_layer_sizes[:-1], width)}


def dropout_encoder(n_features: int, n_components: int) -> nn.Module:
    """A network of the user's own, in which dropout would make noisy answers if left in."""
    return nn.Sequential(nn.Linear(n_features, 6), nn.Dropout(0.5), nn.Linear(6, n_components))

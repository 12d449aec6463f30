"""The classes that a saved file may hold beside those that skops trusts by itself."""

OURS = """
adversarial.bigan.BiGAN
adversarial.gan.GAN
applications.clustering.deep_embedded.DeepEmbeddedClustering
applications.clustering.variational_deep_embedding.VariationalDeepEmbedding
applications.compression.levels.Levels
applications.compression.lossless_compressor.LosslessCompressor
applications.compression.lossy_compressor.LossyCompressor
applications.fine_tuning.classifier.FineTunedClassifier
applications.fine_tuning.regressor.FineTunedRegressor
applications.images.encoder_decoder.EncoderDecoder
applications.imputing.GenerativeImputer
applications.outliers.detector.OutlierDetector
applications.recommending.bias.RatingBias
applications.recommending.ease.EASE
applications.recommending.entry_split.EntrySplit
applications.recommending.implicit_vae.ImplicitVAE
applications.recommending.rating_autoencoder.RatingAutoencoder
applications.recommending.rating_rbm.KnownRBM
applications.recommending.rating_rbm.RatingRBM
applications.recommending.readout.LinearReadout
energy.boltzmann.BoltzmannMachine
energy.categorical_rbm.CategoricalRBM
energy.deep_belief.DeepBeliefNetwork
energy.deep_boltzmann.DeepBoltzmannMachine
energy.gaussian_rbm.GaussianRBM
energy.machines.belief_network.BeliefNetwork
energy.machines.lateral.LateralMachine
energy.machines.layered.LayeredMachine
energy.machines.restricted.RestrictedBoltzmannMachine
energy.rbm.BernoulliRBM
features.log_mel.LogMel
features.selfies_vectorizer.SelfiesVectorizer
features.short_time.ShortTime
reconstruction.autoencoder.Autoencoder
reconstruction.contractive.ContractiveAutoencoder
reconstruction.denoising.DenoisingAutoencoder
reconstruction.modules.contractive.ContractiveModule
reconstruction.modules.denoising.DenoisingModule
reconstruction.modules.deterministic.AutoencoderModule
reconstruction.modules.sparse.SparseModule
reconstruction.modules.variational.VariationalModule
reconstruction.sequence_vae.SequenceVAE
reconstruction.sparse.SparseAutoencoder
reconstruction.variational.VariationalAutoencoder
"""
"""Estimators, what they keep, and the modules that others are made of."""

SCORERS = """
_scorer._CurveScorer
_scorer._MultimetricScorer
_scorer._PassthroughScorer
_scorer._Scorer
"""
"""What a search keeps of its ``scoring``."""

METRICS = """
accuracy_score adjusted_mutual_info_score adjusted_rand_score average_precision_score
balanced_accuracy_score brier_score_loss completeness_score d2_absolute_error_score
d2_brier_score d2_log_loss_score explained_variance_score f1_score fowlkes_mallows_score
homogeneity_score jaccard_score log_loss matthews_corrcoef max_error mean_absolute_error
mean_absolute_percentage_error mean_gamma_deviance mean_poisson_deviance mean_squared_error
mean_squared_log_error median_absolute_error mutual_info_score normalized_mutual_info_score
precision_score r2_score rand_score recall_score roc_auc_score root_mean_squared_error
root_mean_squared_log_error top_k_accuracy_score v_measure_score
"""
"""Functions that scorers of scikit-learn are made of."""

PARTS = """
calibration._CalibratedClassifier
calibration._SigmoidCalibration
cluster._bisect_k_means._BisectingTree
cluster._kmeans._kmeans_single_lloyd
_loss.loss.HalfTweedieLoss
_loss.loss.HalfTweedieLossIdentity
ensemble._hist_gradient_boosting.predictor.TreePredictor
feature_selection._mutual_info.mutual_info_classif
feature_selection._mutual_info.mutual_info_regression
feature_selection._univariate_selection.chi2
feature_selection._univariate_selection.f_classif
feature_selection._univariate_selection.f_regression
feature_selection._univariate_selection.r_regression
gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace
gaussian_process.kernels.CompoundKernel
gaussian_process.kernels.ConstantKernel
gaussian_process.kernels.DotProduct
gaussian_process.kernels.ExpSineSquared
gaussian_process.kernels.Exponentiation
gaussian_process.kernels.Matern
gaussian_process.kernels.PairwiseKernel
gaussian_process.kernels.Product
gaussian_process.kernels.RBF
gaussian_process.kernels.RationalQuadratic
gaussian_process.kernels.Sum
gaussian_process.kernels.WhiteKernel
impute._iterative._ImputerTriplet
metrics._dist_metrics.ChebyshevDistance64
metrics._dist_metrics.EuclideanDistance32
metrics._dist_metrics.EuclideanDistance64
metrics._dist_metrics.HammingDistance64
metrics._dist_metrics.ManhattanDistance64
metrics._dist_metrics.MinkowskiDistance64
model_selection._split.GroupKFold
model_selection._split.GroupShuffleSplit
model_selection._split.KFold
model_selection._split.LeaveOneGroupOut
model_selection._split.LeaveOneOut
model_selection._split.LeavePGroupsOut
model_selection._split.LeavePOut
model_selection._split.PredefinedSplit
model_selection._split.RepeatedKFold
model_selection._split.RepeatedStratifiedKFold
model_selection._split.ShuffleSplit
model_selection._split.StratifiedGroupKFold
model_selection._split.StratifiedKFold
model_selection._split.StratifiedShuffleSplit
model_selection._split.TimeSeriesSplit
model_selection._split._CVIterableWrapper
multiclass._ConstantPredictor
neighbors._ball_tree.BallTree
neighbors._kd_tree.KDTree
neural_network._stochastic_optimizers.AdamOptimizer
tree._tree.Tree
utils._bunch.Bunch
utils._metadata_requests.MetadataRequest
utils._metadata_requests.MethodMetadataRequest
"""
"""What fitted estimators and searches of scikit-learn keep.

Distributions of scipy.stats are not among them: they execute a text that is part of their state.
"""

NUMPY = "dtype max mean median min std sum var"
"""Dtypes, and functions that estimators of scikit-learn pool by."""

FOLDERS = "_classification", "_ranking", "_regression", "cluster._supervised"

TRUSTED = frozenset(
    {f"skdeepunsup.{name}" for name in OURS.split()}
    | {f"sklearn.metrics.{name}" for name in SCORERS.split()}
    | {f"sklearn.{name}" for name in PARTS.split()}
    | {f"numpy.{name}" for name in NUMPY.split()}
    | {f"sklearn.metrics.{folder}.{name}" for folder in FOLDERS for name in METRICS.split()}
    | {"skdeepunsup.metrics.reconstruction.reconstruction_score"}
)

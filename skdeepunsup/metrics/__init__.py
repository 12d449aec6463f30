"""Metrics of reconstructions, samples, disentangled codes, recommendations and waveforms."""

# One file a subject; the metrics of samples are in two_sample.py (distances) and manifold.py
# (neighbours), and all at once in generative.py.
from .disentanglement import DCI, active_units, dci, mutual_information_gap
from .generative import kernel_score, sample_quality
from .manifold import DensityCoverage, PrecisionRecall, density_coverage, precision_recall
from .recommending import ndcg_at_k, rating_error, recall_at_k
from .reconstruction import reconstruction_error, reconstruction_score
from .sound import si_sdr
from .two_sample import frechet_distance, kernel_distance

__all__ = [
    "DCI",
    "DensityCoverage",
    "PrecisionRecall",
    "active_units",
    "dci",
    "density_coverage",
    "frechet_distance",
    "kernel_distance",
    "kernel_score",
    "mutual_information_gap",
    "ndcg_at_k",
    "precision_recall",
    "rating_error",
    "recall_at_k",
    "reconstruction_error",
    "reconstruction_score",
    "sample_quality",
    "si_sdr",
]

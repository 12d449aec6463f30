"""How fast and how good the estimators are, beside scikit-learn and plain PyTorch.

``python -m benchmarks`` prints all tables in some minutes, ``python -m benchmarks speed`` (or
``memory``, ``digits``, ``likelihood``) one of them. Times are medians of repetitions in which all
contestants take turns, on one thread; read the ratios, since seconds are the machine's.
"""

"""Speed and quality of the estimators, compared with scikit-learn and plain PyTorch.

``python -m benchmarks`` prints all tables in some minutes, ``python -m benchmarks speed`` (or
``memory``, ``digits``, ``likelihood``) one of them. Times are medians of repetitions in which all
contestants take turns, on one thread; compare the ratios, since seconds depend on the machine.
"""

"""
==============================
How far log Z can be trusted
==============================

The likelihood of a Boltzmann machine needs its normalising constant Z, a sum over more states than
can be counted. Annealed importance sampling estimates it from both sides. Here the truth is known,
and the two sides can be seen to close in on it.
"""

# %%
# A machine small enough to count
# -------------------------------
# Twenty hidden units have a million states, which ``method="exact"`` adds up in seconds. The pixels
# are thresholded: images of bits give deeper modes than grey images, and a harder task for
# annealing.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from skdeepunsup import BernoulliRBM

X = (load_digits().data > 8).astype(float)
rbm = BernoulliRBM(20, n_iter=100, batch_size=20, random_state=0).fit(X)
exact = rbm.log_partition(method="exact").value
print(f"log Z = {exact:.2f} nats, {rbm.score(X):.2f} nats an image")

# %%
# The bracket
# -----------
# A hundred chains go from a machine without weights to this one and back. The more temperatures in
# between, the better each chain follows. The lower end is three standard errors below the forward
# estimate, the upper end three above the reverse estimate.

temperatures = [10, 20, 50, 100, 200, 500, 1000, 2000]
answers = [
    rbm.log_partition("ais", n_temperatures=n, n_chains=100, random_state=1) for n in temperatures
]
print("temperatures    lower    value    upper    effective chains")
for n, answer in zip(temperatures, answers, strict=True):
    value, lower, upper = (z - exact for z in answer)
    print(f"{n:12} {lower:8.2f} {value:8.2f} {upper:8.2f} {answer.effective_sample_size:8.0f}")

# %%

figure, (ax, below) = plt.subplots(
    2, 1, figsize=(7, 5), sharex=True, height_ratios=(3, 1), layout="constrained"
)
value, lower, upper = (np.array(ends) - exact for ends in zip(*answers, strict=True))
ax.fill_between(temperatures, lower, upper, alpha=0.2)
ax.plot(temperatures, upper, "v-", label="upper end, from the chains back")
ax.plot(temperatures, value, "o-", label="value")
ax.plot(temperatures, lower, "^-", label="lower end, from the chains forth")
ax.axhline(0, color="black", linewidth=1, label="exact")
ax.set(xscale="log", ylabel="log Z less its exact value (nats)")
ax.legend()
below.plot(temperatures, [answer.effective_sample_size for answer in answers], "o-", color="gray")
below.set(xlabel="temperatures", ylabel="effective chains", ylim=(0, 105))
below.set_xticks(temperatures, [str(n) for n in temperatures])
below.minorticks_off()
plt.show()

# %%
# The two ends are estimates with errors of their own, not proofs: neither includes modes that no
# chain has found. Where the bracket is wide or the effective sample size is only a few chains, use
# more temperatures rather than more chains.

"""How the parameters, attributes and answers that estimators share are described: in one wording.

A description begins with its wording and may go on with what is special to the estimator. Where a
name has several wordings, families mean different things by it; the comment says which.
"""

PARAMETERS = {
    "random_state": (
        "Seeds all that is random in ``fit``.",
        # of estimators built on others
        "Seeds all that is random in ``fit``, and each model within that has no ``random_state`` "
        "of its own.",
    ),
    "device": (
        'Where to compute: "cpu", "cuda", "mps", or "auto" for the first of the last two that is '
        'available, else "cpu".',
    ),
    "precision": (
        "Precision of the products in training; parameters and answers stay at least float32.",
    ),
    "verbose": ("Whether to print a line for each epoch.",),
    "warm_start": (
        "Whether ``fit`` goes on from where the last one ended, the optimiser's state included.",
    ),
    # How long
    "batch_size": (
        "Rows per update.",
        "Rows per update. None takes 256, or a twentieth of the rows where that is less, but at "
        "least 32: few rows would otherwise make a single update an epoch.",
        "Users per update.",
    ),
    "max_iter": (
        "Maximum number of epochs.",
        "Maximum number of epochs. None takes 200; with ``early_stopping`` or without hidden "
        "layers, as many as make 5000 updates where rows are few, and as many times "
        "``n_iter_no_change``.",
        "Exact number of epochs.",  # where nothing stops before
    ),
    "n_iter": (
        "Exact number of passes over the training data.",
        "Steps of the search for phases in ``inverse_transform``.",  # LogMel, which does not train
    ),
    "early_stopping": (
        "Whether to hold out rows, stop when their loss no longer improves, and keep the "
        "parameters of this call's best epoch. Otherwise the training loss decides when to stop, "
        "and the last parameters are kept.",
        "Whether to hold out users, stop when their loss no longer improves, and keep the "
        "parameters of this call's best epoch. Otherwise the training loss decides when to stop, "
        "and the last parameters are kept.",
        # of games, whose losses do not tell
        "Whether to hold out rows, compare samples with them, stop when ``quality`` no longer "
        "improves, and keep the networks of this call's best epoch.",
    ),
    "validation_fraction": (
        "Share of the rows held out for ``early_stopping``.",
        "Share of the users held out for ``early_stopping``.",
        # of energies, which never stop early
        "Share of the rows held out of training, to be measured in ``history_``.",
        "Share of the users held out of training, to be measured in ``history_``.",
    ),
    "n_iter_no_change": ("Epochs without improvement after which training stops.",),
    "tol": (
        "Smallest improvement that counts, relative to the loss.",
        "Smallest improvement that counts, relative to the quality.",  # of games
        # of clusterers
        "Training stops after an epoch in which a smaller share of rows moved to another cluster; "
        "0 runs all epochs.",
    ),
    # How fast
    "learning_rate": (
        "Learning rate of Adam.",
        "Step along the gradient of the mean log-likelihood.",  # of energies
        # of a stack of them
        "Step along the gradient of the mean log-likelihood. A sequence has one for each layer.",
    ),
    "learning_rate_schedule": (
        '"linear" keeps the rate over the first half of the fit and lowers it to 1 % over the '
        "second.",
    ),
    "momentum": ("Share of the last step that is kept, in [0, 1).",),
    "weight_decay": (
        "Each update shrinks the weights, not the biases, by this times the learning rate.",
        "Half of it times the squares of all parameters is added to the squared error of a rating.",
        "Each update shrinks all parameters by this times ``learning_rate``.",  # of AdamW
    ),
    "averaging": (
        "Share of itself that the model keeps at each update while it follows the parameters that "
        "are trained (Polyak averaging), in [0, 1).",
        # of games
        "Share of itself that the average generator keeps at each move, less while they are few, "
        "in [0, 1).",
    ),
    # Networks
    "n_components": ("Width of the code.", "Number of hidden units."),  # where these are the code
    "hidden_layer_sizes": (
        "Widths of the encoder's hidden layers, from the features to the code; the decoder mirrors "
        "them.",
        "Widths of the discriminator's hidden layers, from the features on, and of the encoder's; "
        "the generator mirrors them.",
        "Widths of hidden layers between the code and the labels.",  # of heads
        "Units of each hidden layer, from the data up.",  # of energies
    ),
    "activation": ("Activation of the hidden layers.",),
    "dropout": ("Share of the hidden units dropped at each update, in [0, 1).",),
    "image_shape": (
        "Height and width, and channels where there are several, of the image that a row is, "
        "channels last: the networks are then convolutional.",
        # where targets have a shape of their own
        "Height, width and, if there are several, channels of the image in each row of ``X``, "
        "flattened with channels last: the encoder is then convolutional.",
    ),
    "tied_weights": ("Whether the decoder's weights are the encoder's, transposed.",),
    # Data
    "missing": (
        "Whether NaN is refused, or marks a missing entry, which is neither fed to the encoder "
        "(the feature's mean is) nor counted in the loss; ``reconstruct`` fills it in.",
    ),
    "n_categories": (
        "Number of categories, K; None takes one more than the largest code in ``fit``.",
    ),
    # Energies
    "cd_steps": ("Gibbs sweeps before each update, the k of CD-k and PCD-k.",),
    "n_chains": (
        "Persistent chains, whatever the batch size; None takes ten million divided by the number "
        "of weights, but at least 50 and at most 200.",
    ),
    "n_temperatures": (
        "Replicas of each persistent chain, at inverse temperatures from 1 to 0, which exchange "
        "them (parallel tempering).",
    ),
    "persistent": (
        "Whether the chains go on from one update to the next (PCD); otherwise each update starts "
        "them at its own batch (CD).",
    ),
    "centered": (
        "Whether the gradient is that of centred units, which conditions it much better.",
    ),
    "min_variance": (
        "Floor of σ², the variance of Gaussian units, as a share of each feature's variance in the "
        "data.",
    ),
    # Variational models
    "kl_warmup": ("Epochs over which the weight of the KL term grows linearly to its full value.",),
    "free_bits": (
        "Nats of KL that each component has free: below, its mean over a batch costs nothing less.",
    ),
    # Games
    "n_critic": ("Moves of the discriminator, one a batch, for each of the generator.",),
}

OF_ONE_NAME = {
    "beta",
    "conditional",
    "corruption_level",
    "decoder",
    "encoder",
    "gradient_penalty",
    "hidden_units",
    "loss",
    "model",
    "n_sampled",
    "sparsity_cost",
    "sparsity_target",
}
"""Parameters that estimators share by name alone: each means something of its own."""

ATTRIBUTES = {
    "n_features_in_": ("Features seen in ``fit``.", "Items seen in ``fit``."),
    "feature_names_in_": ("Their names, where they had any.",),
    "n_iter_": ("Epochs run.",),
    "gradients_": (
        '"written" if the last fit used gradients that are written out, which is faster; '
        '"autograd" for networks or settings for which there are none.',
        '"written" if the last fit used gradients that are written out, which is faster; "sampled" '
        "if they also were those of some features, see ``n_sampled``; "
        '"autograd" for networks or settings for which there are none.',
    ),
    "encoder_": (
        "The encoder as it was pre-trained.",
        "The autoencoder as it was pre-trained.",  # of a model that clusters an autoencoder's codes
    ),
}

ARGUMENTS = {
    "X": (
        "Data",
        "Binary data.",
        "Training data",
        "Codes.",
        "Codes, NaN where missing.",  # of categories
        # of recommenders
        "Known entries of the users",
        "Ratings: dense, with NaN where there is none, or sparse, where every stored entry is a "
        "rating, including zeros.",
        "Interactions, at least 0; 0 where there are none.",
        # of what is no table
        "Sequences of codes",
        "SMILES, or SELFIES, one string per molecule.",
        "Integers, codes of the vocabulary in any order; zeros are skipped.",
        "Waveforms, one per row.",
        "Levels in dB, as ``transform`` returns them; levels up to ``floor`` are silence.",
    ),
    "out": ("Array of the answers' shape to write them into, a part at a time",),
    "random_state": (
        "Seeds the sampling; None takes NumPy's global state.",
        "Seeds the annealing.",
    ),
    "n_samples": (
        "Rows to draw.",
        "Draws of z for each row, from the same noise for all rows and calls.",
    ),
    "sample_weight": (
        # fit
        "How much each row counts, on any scale; None lets all count alike. Rows of weight 0 are "
        "left out.",
        # partial_fit
        "How much each row counts, beside the others of this call. Nothing is held out.",
        # score
        "How much each row counts; None lets all count alike.",
    ),
}
"""Arguments of methods."""

RETURNS = {
    "fit": ("The fitted estimator.",),
    "partial_fit": ("The fitted estimator.",),
    "reconstruct": ("Reconstructions; float32 for float32 input, else float64.",),
}

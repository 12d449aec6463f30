"""What trains the modules where gradients are written out rather than found by autograd."""

"""The mathematics of the family: an encoder, a decoder, and the loss terms of a row by name."""

"""The U-Net: convolutions from an image to a code and to another image, with skip connections."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from .convolutional import (
    Convolution,
    ToImages,
    ToRows,
    TransposedConvolution,
    all_channels,
    halvings,
)
from .dense import Linear, hidden


class ImageToImage(nn.Module):
    """U-Net: each down-sampling output is concatenated to the up-sampling layer of the same size.

    With x the image, y the output, k levels, φ the activation and [ , ] concatenation of channels,

        f₀ = x,  fᵢ = φ(conv(fᵢ₋₁)),  h = affine(f_k),
        g_k = affine(h),  gᵢ₋₁ = up([φ(gᵢ), fᵢ]),  y = conv(φ(conv([φ(g₀), f₀]))),

    where conv halves fᵢ and up doubles gᵢ; the convolutions in y keep the size. Where x and y
    differ in height or width, each fᵢ is resized to the gᵢ that it is concatenated to.

    Parameters
    ----------
    image_shape, target_shape : (int, int) or (int, int, int)
        Height, width and, unless it is 1, channels of x and of y.
    channels : sequence of int
        Channels of f₁, …, f_k, and of g₁, …, g_k; g₀ has as many as f₁.
    n_components : int
        Width of the code h.
    activation : str
        φ, by its name in ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of the activations set to 0 while training.

    References
    ----------
    O. Ronneberger, P. Fischer, T. Brox, "U-Net: convolutional networks for biomedical image
    segmentation", MICCAI 2015.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        target_shape: Sequence[int],
        channels: Sequence[int],
        n_components: int,
        activation: str,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        seen, drawn = (halvings(shape, len(channels)) for shape in (image_shape, target_shape))
        widths = all_channels(image_shape, channels)
        n_outputs = all_channels(target_shape, ())[0]
        self.to_image = ToImages(*seen[0], widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(Convolution(n_in, n_out), *hidden(activation, dropout))
            for n_in, n_out in pairwise(widths)
        )
        (h, w), (H, W) = seen[-1], drawn[-1]
        self.to_code = nn.Sequential(ToRows(), Linear(h * w * widths[-1], n_components))
        self.from_code = nn.Sequential(
            Linear(n_components, H * W * widths[-1]), ToImages(H, W, widths[-1])
        )
        # From the smallest image to the largest, g₀, which has as many channels as f₁.
        ups = zip(widths[:0:-1], (*widths[-2:0:-1], widths[1]), drawn[-2::-1], strict=True)
        self.between = nn.Sequential(*hidden(activation, dropout))
        self.up = nn.ModuleList(
            TransposedConvolution(2 * n_in, n_out, size) for n_in, n_out, size in ups
        )
        self.last = nn.Sequential(
            Convolution(widths[1] + widths[0], widths[1], stride=1),
            *hidden(activation, dropout),
            Convolution(widths[1], n_outputs, stride=1),
            ToRows(),
        )

    def encode(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The code h of rows x, and the skip connections f₀, …, f_k."""
        skips = [self.to_image(x)]
        for halve in self.down:
            skips.append(halve(skips[-1]))
        return self.to_code(skips[-1]), skips

    def decode(self, h: Tensor, skips: Sequence[Tensor]) -> Tensor:
        """The output rows, given the codes h and the skip connections f₀, …, f_k."""
        g = self.from_code(h)
        *deeper, image = reversed(skips)
        for double, f in zip(self.up, deeper, strict=True):
            g = double(concatenated(self.between(g), f))
        return self.last(concatenated(self.between(g), image))

    def forward(self, x: Tensor) -> Tensor:
        """The output rows y of rows x."""
        return self.decode(*self.encode(x))


def concatenated(g: Tensor, f: Tensor) -> Tensor:
    """The channels of both, with ``f`` resized to the height and width of ``g``."""
    if f.shape[-2:] != g.shape[-2:]:
        f = resized(f, g.shape[-2], g.shape[-1])
    return torch.cat([g, f], dim=1)


def resized(images: Tensor, height: int, width: int) -> Tensor:
    """Images of shape (n, channels, ·, ·) resized by bicubic interpolation."""
    return interpolate(images, (height, width), mode="bicubic", align_corners=False)

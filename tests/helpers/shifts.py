"""Pictures of the phantom, and by how much one is shifted against another."""

import itertools

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, spline_filter

from fascidetect.phantom import render

INNER = np.s_[30:-30, 30:-30]


def pictures(recipe, n=None):
    return [p.rgb.copy() for p in itertools.islice(render(recipe), n)]


def moved(image, dx, dy):
    """The picture shifted by a spline: exact to 0.001 px on what the lens lets through."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(float)
    return map_coordinates(spline_filter(image, 5), (y - dy, x - dx), order=5, prefilter=False, mode="nearest")


def remaining_shift(a, b, where=INNER):
    """Least-squares shift (x, y) from a to b, for shifts near 0."""
    mean = (a + b) / 2
    gy, gx = np.gradient(mean)
    basis = np.stack([gx[where].ravel(), gy[where].ravel()], 1)
    return np.linalg.lstsq(basis, (a - b)[where].ravel(), rcond=None)[0]


def green(rgb):
    return gaussian_filter(rgb[..., 1].astype(float), 0.8)

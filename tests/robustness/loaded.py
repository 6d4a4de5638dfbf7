"""Imported once by the server from which processes are forked, so that each starts at once."""

import cv2
import matplotlib.backends.backend_agg
import matplotlib.figure
import scipy.ndimage
import scipy.optimize
import scipy.signal
import skimage.filters
import skimage.measure

cv2.setNumThreads(1)
READY = (
    matplotlib.figure,
    matplotlib.backends.backend_agg,
    scipy.ndimage,
    scipy.optimize,
    scipy.signal,
    skimage.filters,
    skimage.measure,
)

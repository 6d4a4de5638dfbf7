"""How far every cell at every moment stands out from the clip's own noise.

Each channel is divided by its noise, per cell and per frame, run through a filter matched to a
twitch and whitened by the clip's noise spectrum, and smoothed over neighboring cells. Shading may
confirm motion, never replace it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from fascidetect.events.shape import waveform
from fascidetect.events.stretch import N_CHANNELS, Stretch
from fascidetect.model import BoolArray, FloatArray
from fascidetect.settings import DetectSettings
from fascidetect.statistics import median

FLOOR = (0.0012, 0.0012, 0.02)  # least noise believed: cells, cells, percent
REST_BLOCK_S = 0.5
REST_QUANTILE = 0.3  # a place is at rest in its calmest blocks, however busy otherwise
TAIL_CLIP = 99.3
CALM_QUANTILE = 25  # over cells: those that move have heavy tails for a good reason
TAIL_RATIO = 1.15  # rms of Gaussian noise over its MAD-sd, after the spectrum of real noise
TAIL_HEAVY = 1.3
CLIPPED_AT = 6.0
SHADING_RESTLESS = 1.5  # tail factor above which shading confirms nothing
UNFIT = 1.6  # tail factor of displacement above which the clip is not fit: codec freezes and pops
SIGMAS_CELLS = (1.0, 2.0)
STRAIN = len(SIGMAS_CELLS)  # index among `ways`
TRUNCATE = 2.5  # sd at which the smoothing over cells is cut off
CHI3_MEDIAN = 1.54
STRAIN_CELLS = 1.75  # sd of the neighborhood over which skin may move apart or together
NEIGHBORHOOD_CELLS = 1 + math.ceil(TRUNCATE * STRAIN_CELLS)  # farther cells have no part in a height
USUAL_CELLS = 1.5  # sd of the usual twitch in space, for the smallest visible movement: 1 cm wide where 20 cm are seen
MEASURED_CELLS = 1.04  # sd of what one displacement is measured over: the usual window of the flow, and the cell
RESPONSE_S = 0.9
RESPONSE_TAUS_S = (0.03, 0.05, 0.085, 0.14)
GUARD_S = 0.3  # around lost view
ENDS_S = 0.15  # of the stretch
FRAME_QUANTILE = 70
UNEVEN_CELLS = 3.0  # sd of the smoothing that takes even motion out
LEAST_UNEVEN = 0.1  # in units of the noise
MOMENTS = 8  # from calm to restless, of which the detection limit is told
AT_ONCE = 128  # moments worked together: more take memory and no less time


@dataclass(frozen=True, slots=True)
class Score:
    """What `find` looks at.

    Attributes
    ----------
    z
        (2, 3, N, R, C): per smoothing width and channel, filtered motion in units of its noise.
    q
        (N, R, C) >= 0: largest combined score over the smoothing widths.
    frame_level
        (N,) >= 1: how much more unevenly than usual the whole picture moves; `q` has been divided by it.
    open_time
        (N, R, C): where `q` may be searched.
    noise
        (3, R, C): analysis_px, analysis_px, percent.
    tail
        (3,) heaviness of the noise's tails; 1 for Gaussian.
    responses
        (K, L) response of the filter to twitches of different widths, 1 at the center, odd L.
    lift
        (3,) what brings `ways` to the units of q.
    gamma
        Weight of shading.
    gain
        (K, R, C) score of a twitch of 1 analysis_px and the usual size at moments from calm to restless, each of
        which stands for as much of the time; 0 where nothing is sought.
    """

    z: FloatArray
    q: FloatArray
    frame_level: FloatArray
    open_time: BoolArray
    noise: FloatArray
    tail: FloatArray
    responses: FloatArray
    lift: FloatArray
    gamma: float
    gain: FloatArray

    def heights(self, z: FloatArray, valid: BoolArray) -> FloatArray:
        """Score of each way of moving, (3, N, R, C), of filtered motion z (2, 3, N, R, C)."""
        return ways(z, self.gamma, valid) * self.lift[:, None, None, None].astype(np.float32)


def make_score(stretch: Stretch, cell_px: int, settings: DetectSettings) -> Score:
    """Score a stretch.

    Parameters
    ----------
    cell_px
        Size of a cell, analysis_px.

    Notes
    -----
    `stretch.data` is not changed.
    """
    noise = cell_noise(stretch, cell_px)
    tail = _tail_factor(stretch, noise)
    z = np.empty((len(SIGMAS_CELLS), *stretch.data.shape), np.float32)
    spread = np.empty((len(SIGMAS_CELLS), *noise.shape), np.float32)
    partly = stretch.valid & (stretch.seen.mean(axis=0) < 0.99)
    step = stretch.interval_s
    kernel = twitch_kernel(settings.tau_s, step)
    spectra, restless = [], []
    for k in range(N_CHANNELS):
        x = stretch.data[k] / (noise[k] * tail[k])
        if tail[k] > TAIL_HEAVY:
            np.clip(x, -CLIPPED_AT, CLIPPED_AT, out=x)
        x /= stretch.unrest
        restless.append(_frame_noise(x, stretch))
        x /= restless[k][:, None, None]
        spectrum = _noise_spectrum(x, stretch.valid, step, settings.lowcut_hz)
        spectra.append(spectrum)
        spread[:, k] = _pool(
            _matched(x, kernel, spectrum).astype(np.float32), noise[k], (stretch.valid, partly), z[:, k]
        )
    del x  # from here on most memory is in use
    gamma = 0.0 if tail[2] > SHADING_RESTLESS else settings.shading_weight
    open_time = _open_time(stretch)
    moved = ways(z, gamma, stretch.valid)
    lift = np.array([_lift(one, open_time) for one in moved])
    moved *= lift[:, None, None, None].astype(np.float32)
    q = moved.max(axis=0)
    del moved
    frame_level = _frame_level(_uneven_motion(z[0]), stretch)
    q /= frame_level[:, None, None]
    q *= open_time
    mean_spectrum = (spectra[0] + spectra[1]) / 2
    responses, height = _responses(kernel, mean_spectrum, step)
    calm = height * _gain(spread, noise, tail, lift, stretch.valid)
    level = frame_level * (restless[0] + restless[1]) / 2
    gain = calm / _levels(stretch.unrest * level[:, None, None], open_time)
    return Score(z, q, frame_level, open_time, noise, tail, responses, lift, gamma, gain)


def cell_noise(stretch: Stretch, cell_px: int) -> FloatArray:
    """Noise of each cell and channel, (3, R, C), in the channel's unit.

    The robust sd over all time would call a busy muscle noisy. So the spread in the calmest blocks
    is taken, scaled so that cells at rest (most cells) keep their robust sd.
    """
    step = stretch.interval_s
    block = max(3, round(REST_BLOCK_S / step))
    n_blocks = max(1, len(stretch.time_s) // block)
    out = np.ones((N_CHANNELS, *stretch.valid.shape), np.float32)
    seen = stretch.seen[:, stretch.valid]
    if not seen.any():
        return out
    partly = seen.mean(axis=0) < 0.99
    floor = FLOOR[0] * cell_px, FLOOR[1] * cell_px, FLOOR[2]
    for k in range(N_CHANNELS):
        x = np.where(seen, stretch.data[k][:, stretch.valid], np.nan)
        overall = 1.4826 * _nan_median(np.abs(x))
        blocks = x[: n_blocks * block].reshape(n_blocks, -1, x.shape[1])
        calm = _nan_quantile(_nan_median(np.abs(blocks), axis=1), REST_QUANTILE)
        moved = overall > 0
        scale = float(_nan_quantile(overall[moved] / np.maximum(calm[moved], 1e-6), 0.5)) if moved.any() else 1.0
        b = np.fmin(overall, scale * calm)
        typical = float(_nan_quantile(b, 0.5))
        b = np.maximum(np.nan_to_num(b, nan=typical), max(0.5 * typical, floor[k]))
        b[partly] = np.maximum(b[partly], typical)
        out[k][stretch.valid] = b
    return out


def _nan_median(x: FloatArray, axis: int = 0) -> FloatArray:
    """Median that ignores NaN and is NaN where there is nothing else."""
    return median(x, axis) if not np.isnan(x).any() else _nan_quantile(x, 0.5, axis)


def _nan_quantile(x: FloatArray, share: float, axis: int = 0) -> FloatArray:
    """Quantile that ignores NaN and is NaN where there is nothing else; NumPy's own takes one line after the other."""
    ordered = np.sort(x, axis=axis)  # NaN last
    n = np.isfinite(ordered).sum(axis=axis, keepdims=True)
    place = np.maximum(share * (n - 1), 0)
    low = np.floor(place).astype(int)
    at_low = np.take_along_axis(ordered, low, axis)
    at_high = np.take_along_axis(ordered, np.minimum(low + 1, np.maximum(n - 1, 0)), axis)
    between = at_low + (at_high - at_low) * (place - low).astype(x.dtype)
    return np.asarray(between.squeeze(axis))


def _tail_factor(stretch: Stretch, noise: FloatArray) -> FloatArray:
    out = np.ones(N_CHANNELS)
    if not stretch.valid.any():
        return out
    for k in range(N_CHANNELS):
        x = np.abs(stretch.data[k][:, stretch.valid])
        limit = np.percentile(x, TAIL_CLIP, axis=0)
        rms = np.sqrt(np.mean(np.square(np.minimum(x, limit)), axis=0))
        ratio = np.percentile(rms / noise[k][stretch.valid], CALM_QUANTILE)
        out[k] = max(1.0, float(ratio) / TAIL_RATIO)
    return out


def _frame_noise(x: FloatArray, stretch: Stretch) -> FloatArray:
    """(N,) >= 1: how restless the whole picture is at each moment."""
    if not stretch.valid.any():
        return np.ones(len(x), np.float32)
    level = median(np.abs(x[:, stretch.valid]))
    usual = float(np.median(level[stretch.usable])) if stretch.usable.any() else 0.0
    return np.maximum(1, level / max(usual, 1e-6)).astype(np.float32) if usual > 0 else np.ones(len(x), np.float32)


def _noise_spectrum(x: FloatArray, valid: BoolArray, step: float, lowcut_hz: float) -> FloatArray:
    """Power spectrum of the noise on the frequencies of an rfft over len(x) (padded), shared by all cells."""
    n_fft = padded(len(x), step)
    frequency = np.fft.rfftfreq(n_fft, step)
    length = min(len(x), max(8, round(2.0 / step)))
    window = np.hanning(length).astype(np.float32)[:, None]
    cells = x[:, valid]
    if cells.size == 0 or len(x) < 8:
        return np.ones(len(frequency))
    starts = range(0, len(x) - length + 1, max(1, length // 2))
    powers = [np.square(np.abs(np.fft.rfft(cells[s : s + length] * window, axis=0))) for s in starts]
    typical = median(np.concatenate(powers, axis=1)) / (np.log(2) * float(np.sum(window**2)))
    typical = np.convolve(np.pad(typical, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    typical = np.maximum(typical, 0.1 * np.median(typical) + 1e-6)
    full = np.interp(frequency, np.fft.rfftfreq(length, step), typical)
    return np.asarray(full * (1 + (lowcut_hz / np.maximum(frequency, 1e-3)) ** 4))


def padded(n: int, step: float) -> int:
    """Length of the Fourier transform of n samples: what comes at the end must not answer at the beginning."""
    return int(n + round(2 * RESPONSE_S / step))


def twitch_kernel(tau_s: float, step: float) -> FloatArray:
    """Samples of t/tau exp(1 - t/tau), averaged over where the samples fall, with the peak's index first.

    Returns
    -------
    FloatArray
        Shape (L,), starting at the onset.
    """
    fine = 8
    t = (np.arange(int(8 * tau_s / step + 3) * fine) - fine) * step / fine
    curve = waveform(t, tau_s)
    return np.asarray(curve.reshape(-1, fine).mean(axis=1))


def _matched(x: FloatArray, kernel: FloatArray, spectrum: FloatArray) -> FloatArray:
    """Whitened matched filter along time; the value at n answers to a twitch that peaks at n."""
    n = len(x)
    n_fft = 2 * (len(spectrum) - 1) if len(spectrum) > 1 else 1
    peak = int(np.argmax(kernel))
    filter_f = np.conj(np.fft.rfft(kernel, n_fft)) / spectrum
    out = np.empty_like(x)
    for row in range(x.shape[1]):  # a row of cells at a time keeps memory small
        lines = np.fft.irfft(np.fft.rfft(x[:, row], n_fft, axis=0) * filter_f[:, None], n_fft, axis=0)
        out[:, row] = np.roll(lines, peak, axis=0)[:n]
    return out


def _responses(kernel: FloatArray, spectrum: FloatArray, step: float) -> tuple[FloatArray, float]:
    """Answers of the filter to twitches of several widths, centered on their largest value, scaled to 1.

    Also the height of the answer to a twitch of the width that is searched for.
    """
    n_fft = 2 * (len(spectrum) - 1)
    filter_f = np.conj(np.fft.rfft(kernel, n_fft)) / spectrum
    half = round(RESPONSE_S / step)
    out = []
    for tau_s in RESPONSE_TAUS_S:
        answer = np.fft.irfft(np.fft.rfft(twitch_kernel(tau_s, step), n_fft) * filter_f, n_fft)
        centered = np.roll(answer, half - int(np.argmax(answer)))[: 2 * half + 1]
        out.append(centered / centered[half])
    height = float(np.max(np.fft.irfft(np.fft.rfft(kernel, n_fft) * filter_f, n_fft)))
    return np.array(out), height


def _gain(spread: FloatArray, noise: FloatArray, tail: FloatArray, lift: FloatArray, valid: BoolArray) -> FloatArray:
    """Score per analysis_px of a unit answer, for a twitch `USUAL_CELLS` wide (sd), (R, C)."""
    per_px = 0.5 * (1 / (noise[0] * tail[0]) + 1 / (noise[1] * tail[1]))
    best = np.zeros(valid.shape)
    for s, sigma in enumerate(SIGMAS_CELLS):
        dilution = USUAL_CELLS**2 / (USUAL_CELLS**2 + MEASURED_CELLS**2 + sigma**2)
        best = np.maximum(best, lift[s] * dilution * per_px / (0.5 * (spread[s, 0] + spread[s, 1])))
    return np.where(valid, best, 0)


def _levels(divisor: FloatArray, open_time: BoolArray) -> FloatArray:
    """What scores are divided by, (N, R, C), from its calm moments to its restless ones, (K, R, C); inf if never."""
    ordered = np.sort(np.where(open_time, divisor, np.inf), axis=0)  # never = infinitely restless, last
    share = (np.arange(MOMENTS) + 0.5)[:, None, None] / MOMENTS
    place = np.floor(share * open_time.sum(axis=0)).astype(int)
    return np.take_along_axis(ordered, place, axis=0)


def _pool(whitened: FloatArray, noise: FloatArray, cells: tuple[BoolArray, BoolArray], out: FloatArray) -> FloatArray:
    """Smooth one channel (N, R, C) over cells at each width and divide by the robust sd that is left.

    Parameters
    ----------
    noise
        (R, C), of the channel.
    cells
        (R, C) those in which events are sought, and those of them that are not seen all the time.
    out
        (2, N, R, C), filled with the outcome.

    Returns
    -------
    FloatArray
        The sd, (2, R, C).
    """
    from scipy.ndimage import gaussian_filter

    spread = np.ones((len(out), *noise.shape), np.float32)
    valid, partly = cells
    weight = (valid / noise).astype(np.float32)
    for s, (sigma, target) in enumerate(zip(SIGMAS_CELLS, out, strict=True)):
        norm = gaussian_filter(weight, sigma, mode="constant", truncate=TRUNCATE)
        norm = np.where(valid, 1 / np.maximum(norm, 1e-9), 0).astype(np.float32)
        np.multiply(whitened, weight, out=target)
        gaussian_filter(target, (0, sigma, sigma), mode="constant", truncate=TRUNCATE, output=target)
        np.multiply(target, norm, out=target)
        spread[s] = _spread(target, valid, partly)
        np.divide(target, spread[s], out=target)
    return spread


def _spread(z: FloatArray, valid: BoolArray, partly: BoolArray) -> FloatArray:
    """Robust sd of each cell's filtered noise, (R, C), kept from being too small."""
    out = np.ones(valid.shape, np.float32)
    if not valid.any():
        return out
    sd = 1.4826 * median(np.abs(z), axis=0)
    typical = float(np.median(sd[valid]))
    sd = np.clip(sd, 0.6 * typical, 1.25 * typical)
    sd[partly] = np.maximum(sd[partly], typical)
    out[valid] = np.maximum(sd[valid], 1e-6)
    return out


def combine(z: FloatArray, gamma: float) -> FloatArray:
    """sqrt(zu^2 + zv^2 + min(zs^2, gamma (zu^2 + zv^2))) of z (3, ...)."""
    flow = np.square(z[0]) + np.square(z[1])
    flow += np.minimum(np.square(z[2]), gamma * flow)
    return np.asarray(np.sqrt(flow))


def ways(z: FloatArray, gamma: float, valid: BoolArray) -> FloatArray:
    """How strongly each cell moves with its neighbors, at both widths, and how its surroundings stretch, (3, N, R, C).

    Skin over a twitch bulges or dimples: its parts go several ways, and the mean of the vectors tells little of it.
    """
    out = np.empty((STRAIN + 1, *z.shape[2:]), np.float32)
    for first in range(0, z.shape[2], AT_ONCE):
        part = slice(first, first + AT_ONCE)
        for width, one in enumerate(z):
            out[width, part] = combine(one[:, part], gamma)
        out[STRAIN, part] = combine_strain(z[0][:, part], gamma, valid)
    return out


def combine_strain(z: FloatArray, gamma: float, valid: BoolArray) -> FloatArray:
    """As `combine`, of the strain of z (3, N, R, C): motion apart or together along any direction; not rotation."""
    (ux, vx), (uy, vy) = _slopes(z[:2], valid)
    strain = 0.5 * (np.square(ux + vy) + np.square(ux - vy) + np.square(uy + vx))
    strain += np.minimum(np.square(z[2]), gamma * strain)
    return np.asarray(np.sqrt(strain) * valid)


def _slopes(z: FloatArray, valid: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Derivatives of (..., R, C) along x and y in a Gaussian neighborhood, in units of the noise of white cells.

    Cells that are not valid add nothing, and an even shift beside them makes no slope.
    """
    from scipy.ndimage import gaussian_filter

    def smooth(x: FloatArray, row: int = 0, col: int = 0) -> FloatArray:
        cells = gaussian_filter(x, STRAIN_CELLS, (row, col), mode="constant", truncate=TRUNCATE, axes=(-2, -1))
        return np.asarray(cells)

    share = valid.astype(np.float32)
    shown = z * share
    mean = smooth(shown) / np.maximum(smooth(share), 1e-3)
    unit = np.float32(np.sqrt(8 * np.pi) * STRAIN_CELLS**2)
    return tuple(  # type: ignore[return-value]
        (smooth(shown, *axis) - mean * smooth(share, *axis)) * unit for axis in ((0, 1), (1, 0))
    )


def _lift(height: FloatArray, open_time: BoolArray) -> float:
    """Factor that gives heights (N, R, C) the median that three Gaussian channels have."""
    middle = float(median(height[open_time])) if open_time.any() else 0.0
    return CHI3_MEDIAN / middle if middle > 0 else 1.0


def _uneven_motion(z: FloatArray) -> FloatArray:
    """(N, R, C): how far each cell's motion departs from the smooth motion around it, in units of the usual.

    Where the camera jolts or a codec codes a moment coarsely, blocks move to and fro beside each other. A twitch
    moves one patch, which is smooth if it is wide and covers little of the picture if it is small.
    """
    from scipy.ndimage import gaussian_filter

    rest = [gaussian_filter(channel, (0, UNEVEN_CELLS, UNEVEN_CELLS), mode="nearest") for channel in z[:2]]
    for channel, smooth in zip(z[:2], rest, strict=True):
        np.subtract(channel, smooth, out=smooth)
    uneven = np.hypot(rest[0], rest[1], out=rest[0])
    uneven /= np.maximum(median(uneven, axis=0), LEAST_UNEVEN)
    return np.asarray(uneven)


def _frame_level(uneven: FloatArray, stretch: Stretch) -> FloatArray:
    """(N,) >= 1: moments at which most of the picture moves unevenly at once (jolts, key frames)."""
    from scipy.ndimage import maximum_filter1d

    return np.asarray(maximum_filter1d(_over_usual(uneven[:, stretch.valid], FRAME_QUANTILE, stretch.usable), 3))


def _over_usual(cells: FloatArray, quantile: float, usable: BoolArray) -> FloatArray:
    """(N,) >= 1: quantile over cells (N, K) at each moment, in units of its usual value."""
    if cells.shape[1] == 0 or not usable.any():
        return np.ones(len(cells), np.float32)
    now = np.percentile(cells, quantile, axis=1)
    usual = float(np.median(now[usable]))
    return np.maximum(1, now / usual).astype(np.float32) if usual > 0 else np.ones(len(cells), np.float32)


def _open_time(stretch: Stretch) -> BoolArray:
    """(N, R, C) where events may be sought: seen, not close to lost view, not at the very ends."""
    from scipy.ndimage import minimum_filter1d

    step = stretch.interval_s
    guard = 2 * round(GUARD_S / step) + 1
    out = minimum_filter1d(stretch.seen.view(np.uint8), guard, axis=0, mode="nearest").astype(bool)
    ends = max(1, round(ENDS_S / step))
    out[:ends] = False
    out[-ends:] = False
    return out & stretch.valid

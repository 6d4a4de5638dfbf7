"""Known twitches in a real clip, whose own motion, noise and coding stay.

The clip is measured first, so that every twitch stays on its place of the skin while the camera
moves. Where nothing twitches the pictures are those of the clip, coded once more at high quality.

The twitch comes after the phone's codec, which would have taken a part of it: what is found here is
an upper bound of what would be found of real twitches of that size. The truth says so
(``injected_after_codec``). It knows nothing of movements that the clip held before.
"""

from fascidetect.inject.clip import Injection, inject

__all__ = ["Injection", "inject"]

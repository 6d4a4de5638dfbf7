import numpy as np
import pytest

from fascidetect.arrays import text_in


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("text", ["", "1.0", "calf \N{GREEK SMALL LETTER MU}m \N{GRINNING FACE}", "calf\udcff"])
def test_text_is_read_in_either_order_of_bytes(text, order):
    assert text_in(np.array(text).astype(f"{order}U40")) == text


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_that_are_no_letters_are_refused(order):
    with pytest.raises(ValueError, match="code point not in range"):
        text_in(np.array([49, 0x7FFFFFFF], f"{order}u4").view(f"{order}U2"))

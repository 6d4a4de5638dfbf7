import pytest

from fascidetect.parse import json_tree, toml_tree

WIDE = "1" + 400 * "0"


@pytest.mark.parametrize("read", [json_tree, toml_tree])
def test_numbers_that_nothing_can_hold_are_refused_wherever_they_stand(read):
    def text(number: str) -> bytes:
        inner = f'[[1, {{"a": {number}}}]]' if read is json_tree else f"[[1, {{a = {number}}}]]"
        return (f'{{"x": {inner}}}' if read is json_tree else f"x = {inner}").encode()

    assert read(text("3")) == {"x": [[1, {"a": 3}]]}
    assert read(text(str(2**64 - 1)))["x"][0][1]["a"] == 2**64 - 1
    with pytest.raises(ValueError, match="whole number of 1329 bits; 64 are read"):
        read(text(WIDE))


@pytest.mark.parametrize(("read", "text"), [(json_tree, b"["), (toml_tree, b"a = [")])
def test_what_is_nested_too_deeply_is_refused(read, text):
    with pytest.raises(ValueError, match="nested too deeply"):
        read(text + b"[" * 100_000)

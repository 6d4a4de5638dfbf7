import json

import pytest
from helpers.build import example_result, example_run

from fascidetect.errors import ClipError
from fascidetect.evaluate import load_result
from fascidetect.report.export import result_json


@pytest.mark.parametrize(("key", "value"), [("wall_s", 1e20), ("started_utc", "9999-12-31T23:59:59.999Z")])
def test_a_run_that_ends_beyond_all_calendars_is_refused(tmp_path, key, value):
    path = tmp_path / "result.json"
    held = json.loads(result_json(example_result(), example_run()))
    path.write_text(json.dumps(held))
    assert load_result(path).made_utc is not None
    held["run"][key] = value
    path.write_text(json.dumps(held))
    with pytest.raises(ClipError, match=r"is no result\.json of fascidetect"):
        load_result(path)

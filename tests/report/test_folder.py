import contextlib
import errno
import sys
from pathlib import Path

import pytest

from fascidetect.errors import NotAClip, OutputError
from fascidetect.report.folder import OUR_FILES, clear_scratch, results_folder


def fill(folder: Path, *names: str, text: str = "new") -> None:
    for name in names:
        (folder / name).write_text(text)


RESULT = '{"schema_version": "1.0", "clip": {}, "quality": {}, "run": {}}'
"""What makes a folder one of ours."""


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_new_folder_appears_whole_and_only_at_the_end(tmp_path):
    target = tmp_path / "deep" / "er" / "out"
    with results_folder(target) as scratch:
        fill(scratch, "events.csv", "result.json")
        assert not target.exists()
    assert content(target) == {"events.csv": "new", "result.json": "new"}
    assert [path.name for path in target.parent.iterdir()] == ["out"]


def fail(target: Path, error: BaseException) -> None:
    """Begin a run that writes a file and then fails."""
    with results_folder(target, force=True) as scratch:
        fill(scratch, "result.json")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), NotAClip("no"), RuntimeError("bug")])
def test_nothing_is_left_behind_when_the_work_fails(tmp_path, error):
    with pytest.raises(type(error)):
        fail(tmp_path / "made" / "out", error)
    assert list(tmp_path.iterdir()) == []


def test_old_results_survive_a_failed_second_run(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    fill(target, "result.json", text=RESULT)
    with pytest.raises(KeyboardInterrupt):
        fail(target, KeyboardInterrupt())
    assert content(target) == {"result.json": RESULT}


@pytest.mark.parametrize("name", OUR_FILES)
def test_results_are_not_overwritten_unasked(tmp_path, name):
    fill(tmp_path, name, "result.json", text=RESULT)
    with pytest.raises(OutputError, match="--force or -o OTHER"), results_folder(tmp_path):
        pytest.fail("must refuse before any work is done")
    assert content(tmp_path) == {name: RESULT, "result.json": RESULT}


@pytest.mark.parametrize("name", OUR_FILES)
def test_files_that_are_no_results_are_not_replaced_even_by_force(tmp_path, name):
    fill(tmp_path, name, text="precious")
    with pytest.raises(OutputError, match="no result of ours"), results_folder(tmp_path, force=True):
        pytest.fail("must refuse before any work is done")
    assert content(tmp_path) == {name: "precious"}


def test_the_clip_itself_is_never_replaced(tmp_path):
    fill(tmp_path, "overlay.mp4", "result.json", text=RESULT)
    source = tmp_path / "overlay.mp4"
    with (
        pytest.raises(OutputError, match="would replace the clip"),
        results_folder(tmp_path, source=source, force=True),
    ):
        pytest.fail("must refuse before any work is done")
    assert source.read_text() == RESULT


def test_force_replaces_ours_removes_stale_ones_and_keeps_the_rest(tmp_path):
    fill(tmp_path, "events.csv", "overlay.mp4", "review.jsonl", text="old")
    fill(tmp_path, "result.json", text=RESULT)
    with results_folder(tmp_path, force=True) as scratch:
        fill(scratch, "events.csv", "result.json")
    assert content(tmp_path) == {"events.csv": "new", "result.json": "new", "review.jsonl": "old"}


def test_what_is_to_be_kept_stays(tmp_path):
    fill(tmp_path, "events.csv", "overlay.mp4", "trace.npz", text="old")
    fill(tmp_path, "result.json", text=RESULT)
    with results_folder(tmp_path, force=True, keep=("events.csv", "trace.npz")) as scratch:
        fill(scratch, "events.csv", "result.json")
    assert content(tmp_path) == {"events.csv": "new", "result.json": "new", "trace.npz": "old"}


def test_the_document_is_published_last(tmp_path, monkeypatch):
    order = []
    replace = Path.replace

    def recording(self: Path, place: Path) -> Path:
        order.append(self.name)
        return replace(self, place)

    monkeypatch.setattr(Path, "replace", recording)
    with results_folder(tmp_path, force=True) as scratch:
        fill(scratch, "result.json", "timeline.png", "events.csv")
        (scratch / "clips").mkdir()
        fill(scratch / "clips", "e1.mp4")
    assert order[-1] == "result.json"
    assert (tmp_path / "clips" / "e1.mp4").read_text() == "new"


def test_a_foreign_folder_may_be_written_into(tmp_path):
    fill(tmp_path, "review.jsonl", "notes.txt", text="old")
    with results_folder(tmp_path) as scratch:
        fill(scratch, "result.json")
    assert set(content(tmp_path)) == {"review.jsonl", "notes.txt", "result.json"}


def test_a_file_in_the_way_is_named(tmp_path):
    fill(tmp_path, "out")
    with pytest.raises(OutputError, match="it is a file"), results_folder(tmp_path / "out"):
        pytest.fail("must refuse")


def test_a_full_disk_is_one_line(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write results to .*no space left") as caught:
        fail(tmp_path / "out", OSError(errno.ENOSPC, "No space left on device"))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_no_permission_is_one_line(tmp_path, monkeypatch):
    def refuse(self: Path, *args: object, **kwargs: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)  # root may write anywhere, so the refusal is made
    with pytest.raises(OutputError, match="permission denied"), results_folder(tmp_path / "out"):
        pytest.fail("must refuse")


def test_errors_that_are_not_about_the_results_pass_through(tmp_path):
    with pytest.raises(FileNotFoundError), results_folder(tmp_path / "sub" / "out"):
        Path("/nonexistent/elsewhere").read_text()


def test_detecting_again_never_deletes_what_people_decided(tmp_path):
    fill(tmp_path, "result.json", "overlay.mp4", text=RESULT)
    fill(tmp_path, "review.jsonl", "review.torn", text="decisions")
    with results_folder(tmp_path, force=True) as scratch:
        fill(scratch, "result.json", text=RESULT)
    kept = {"result.json": RESULT, "review.jsonl": "decisions", "review.torn": "decisions"}
    assert content(tmp_path) == kept
    with pytest.raises(KeyboardInterrupt):
        fail(tmp_path, KeyboardInterrupt())
    assert content(tmp_path) == kept


@pytest.mark.parametrize("there", [False, True])
def test_two_runs_never_write_to_one_folder(tmp_path, there):
    target = tmp_path / "out"
    if there:
        target.mkdir()
        fill(target, "result.json", text=RESULT)
    with results_folder(target, force=True) as scratch:
        with pytest.raises(OutputError, match="another run is writing results"), results_folder(target, force=True):
            pytest.fail("must refuse")
        fill(scratch, "result.json")
    assert content(target) == {"result.json": "new"}


def test_results_that_appear_meanwhile_are_kept(tmp_path):
    target = tmp_path / "out"

    def meanwhile():
        with results_folder(target) as scratch:
            fill(scratch, "result.json")
            target.mkdir()  # by a program that knows nothing of our locks
            fill(target, "result.json", text=RESULT)

    with pytest.raises(OutputError, match="already holds results"):
        meanwhile()
    assert content(target) == {"result.json": RESULT}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("there", [False, True])
def test_what_a_killed_run_left_is_removed(tmp_path, there):
    target = tmp_path / "out"
    left = target / ".fascidetect.partial" if there else tmp_path / ".out.partial"
    (left / "clips").mkdir(parents=True)
    fill(left, "overlay.mp4", text="half")
    with results_folder(target) as scratch:
        assert list(scratch.iterdir()) == []
        fill(scratch, "result.json")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "result.json"]


@pytest.mark.parametrize("after", range(5))
def test_a_run_that_is_killed_while_publishing_is_finished_by_the_next(tmp_path, monkeypatch, after):
    """Died after so many of its four steps: what the next run finds are the old results, or all of the new."""
    fill(tmp_path, "foci.csv", "trace.npz", text="old")
    fill(tmp_path, "result.json", text=RESULT)
    steps = iter(range(after))

    def step(real):
        def counted(self, *words, **more):
            if not self.name.endswith(".partial") and next(steps, None) is None:
                raise SystemExit("killed")
            return real(self, *words, **more)

        return counted

    with monkeypatch.context() as patch:
        for name in ("rename", "replace", "unlink"):
            patch.setattr(Path, name, step(getattr(Path, name)))
        keep = ("trace.npz", "events.csv")
        with contextlib.suppress(SystemExit), results_folder(tmp_path, force=True, keep=keep) as scratch:
            fill(scratch, "events.csv")
            fill(scratch, "result.json", text=RESULT + " ")
    with pytest.raises(OutputError, match="already holds results"), results_folder(tmp_path):
        pytest.fail("must refuse")
    assert content(tmp_path) in (
        {"foci.csv": "old", "trace.npz": "old", "result.json": RESULT},
        {"events.csv": "new", "trace.npz": "old", "result.json": RESULT + " "},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there a running job is not known")
@pytest.mark.parametrize("there", [False, True])
def test_only_what_nobody_writes_any_more_is_cleared(tmp_path, there):
    target = tmp_path / "out"
    if there:
        target.mkdir()
    with results_folder(target) as scratch:
        (scratch / "result.json").write_text("{}")
        clear_scratch(target)
        assert (scratch / "result.json").exists()
    scratch.mkdir()
    (scratch / "trace.npz").write_text("half")
    others = tmp_path / ".other.partial", tmp_path / "my.partial"
    for other in others:
        other.mkdir()
    clear_scratch(target)
    clear_scratch(tmp_path / "none" / "out")
    assert not scratch.exists()
    assert all(other.exists() for other in others)
    assert (target / "result.json").exists()


@pytest.mark.parametrize("name", ["calf", "Recording 3.45\N{NARROW NO-BREAK SPACE}PM"])
def test_where_results_are_written_aside_concerns_nobody(tmp_path, name):
    with pytest.raises(OutputError) as caught, results_folder(tmp_path / name) as scratch:
        raise OutputError(f"cannot write {scratch / 'events.csv'}: no space left")
    assert str(caught.value) == f"cannot write {tmp_path / name / 'events.csv'}: no space left".replace("\u202f", "?")

"""The local pages without a browser: who is refused, what can be reached, and what is told."""

import json
import os
import re
import shutil
import socket
import sys
from urllib.parse import quote

import pytest
import uvicorn
from helpers.makevideo import moving, write_video
from starlette.testclient import TestClient

from fascidetect.errors import ClipError
from fascidetect.evaluate import load_result
from fascidetect.report.html import read_page
from fascidetect.review import Draft, load_counts, load_log
from fascidetect.review import decide as decide_here
from fascidetect.review.site import peer
from fascidetect.review.site.blind import write_plain
from fascidetect.review.site.guard import new_token
from fascidetect.review.site.results import Results
from fascidetect.review.site.serve import make_app, serve
from fascidetect.review.site.start import clean_name
from fascidetect.review.source import find_clip
from fascidetect.settings import ClipSettings

TOKEN, BASE = "secret-of-this-run", "http://127.0.0.1:8000"
OURS = {"Origin": BASE}


def site(results, place, **options):
    app = make_app(TOKEN, results, place, quit_server=lambda: None)
    return TestClient(app, base_url=BASE, follow_redirects=False, **options)


@pytest.fixture
def asked(shown):
    with site(Results(), shown) as client:
        yield client


def decide(client, action, event_id, **more):
    body = json.dumps({"action": action, "event_id": event_id, **more})
    return client.post(f"/{TOKEN}/r/1/decide", content=body, headers=OURS)


def first_id(shown):
    return read_page(shown / "report.html").movements[0].id


# -- who may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/static/page.css", "/wrong/", "/wrong/r/1/", f"/{TOKEN}x/", "//", "/r/1/state"])
def test_without_the_token_nothing_is_told(asked, path):
    answer = asked.get(path)
    assert answer.status_code == 403
    assert TOKEN not in answer.text


@pytest.mark.parametrize(
    "host", ["evil.example:8000", "127.0.0.1.evil.example:8000", "192.168.0.2:8000", "", "[::1]:8000"]
)
def test_a_foreign_host_is_refused(asked, host):
    assert asked.get(f"/{TOKEN}/r/1/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost:9999"])  # the last: a forwarded port
def test_our_own_hosts_are_served(asked, host):
    assert asked.get(f"/{TOKEN}/r/1/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8000", "http://127.0.0.1:8001"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_foreign_origin_is_refused(asked, shown, origin, method):
    content = b'{"action": "note", "note": "x"}' if method == "POST" else None
    path = "decide" if method == "POST" else "state"
    answer = asked.request(method, f"/{TOKEN}/r/1/{path}", content=content, headers={"Origin": origin})
    assert answer.status_code == 403
    assert not (shown / "review.jsonl").exists()


def test_what_changes_something_must_come_from_a_page(asked, shown):
    answer = asked.post(f"/{TOKEN}/r/1/decide", content=b'{"action": "note", "note": "x"}')
    assert answer.status_code == 403
    assert not (shown / "review.jsonl").exists()


@pytest.mark.parametrize("where", ["cross-site", "same-site"])
def test_another_site_cannot_embed_what_is_here(asked, where):
    answer = asked.get(f"/{TOKEN}/r/1/overlay.mp4", headers={"Sec-Fetch-Site": where})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "r/1/../../../etc/passwd",
        "r/1/..%2f..%2fclip.mp4",
        "r/1/result.json",
        "r/1/trace.npz",
        "r/2/",
        "r/0/",
        "r/-1/",
        "r/1/strip/..%2f..%2fresult.json",
        "static/..%2fsite%2fguard.py",
        "static/report.html.j2",
        "clips/x/still",
    ],
)
def test_nothing_outside_can_be_reached(asked, path):
    answer = asked.get(f"/{TOKEN}/{path}")
    assert answer.status_code in (403, 404)
    assert len(answer.content) < 100


def test_pages_run_only_scripts_of_ours_and_are_not_kept(asked):
    answer = asked.get(f"/{TOKEN}/r/1/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    (nonce,) = {part.split('"')[0] for part in answer.text.split('nonce="')[1:]}
    assert f"'nonce-{nonce}'" in policy
    assert nonce not in asked.get(f"/{TOKEN}/r/1/").text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_no_two_runs_share_a_token():
    assert len({new_token() for _ in range(50)}) == 50
    assert min(len(new_token()) for _ in range(50)) >= 32


def test_it_listens_on_this_computer_only(shown, monkeypatch):
    seen = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda _self, sockets: seen.append(sockets[0].getsockname()))
    serve(Results(), shown, ready=seen.append)
    address, (host, port) = seen
    assert host == "127.0.0.1"
    assert address.startswith(f"http://127.0.0.1:{port}/")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a connection is")
def test_the_system_tells_whose_a_connection_is():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server_port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", server_port)) as ours:
            port = ours.getsockname()[1]
            assert set(peer._owners(port, server_port)) == {os.getuid()}
            assert peer.is_ours(port, server_port)
            assert not peer.is_ours(port, server_port + 1)
        assert not peer.is_ours(port, server_port)  # one that was closed at once is nobody's
        assert peer.can_tell(listener) == (os.getuid() != 0)


def test_connections_of_others_are_told_from_ours(monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    for owners, ours in (([1000], True), ([0], True), ([1001], False), ([], False)):
        monkeypatch.setattr(peer, "_owners", lambda *_, owners=owners: iter(owners))
        assert peer.is_ours(1, 2) == ours


def test_another_user_of_this_computer_is_refused_even_with_the_token(shown):
    app = make_app(TOKEN, Results(), shown, quit_server=lambda: None, is_ours=lambda *_: False)
    with TestClient(app, base_url=BASE) as client:
        answer = client.get(f"/{TOKEN}/r/1/state")
    assert answer.status_code == 403
    assert "another user" in answer.text


# -- results ----------------------------------------------------------------------------------


def test_one_result_is_shown_at_once(asked):
    answer = asked.get(f"/{TOKEN}/")
    assert answer.headers["location"] == f"/{TOKEN}/r/1/"


def test_the_video_is_sent_in_ranges_so_that_seeking_works(asked, shown):
    whole = (shown / "overlay.mp4").read_bytes()
    answer = asked.get(f"/{TOKEN}/r/1/overlay.mp4", headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.content == whole[100:200]
    assert answer.headers["content-range"] == f"bytes 100-199/{len(whole)}"


def test_a_decision_is_on_the_disk_and_counted(asked, shown):
    name = first_id(shown)
    answer = decide(asked, "accept", name).json()
    assert [d.event_id for d in load_log(shown / "review.jsonl").decisions] == [name]
    assert answer["state"]["reviewed"]["n_accepted"] == 1
    assert asked.get(f"/{TOKEN}/r/1/state").json() == answer["state"]


def test_a_window_that_has_not_seen_a_decision_does_not_overrule_it(asked, shown):
    name = first_id(shown)
    assert decide(asked, "accept", name, seen_seq=0).status_code == 200
    late = decide(asked, "reject", name, seen_seq=0)
    assert late.status_code == 409
    assert "another window" in late.json()["error"]
    assert len(load_log(shown / "review.jsonl").decisions) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"action": "shout"}', b'{"action": "accept", "event_id": "e9"}', b'{"action": "add"}', b"[]"],
)
def test_nonsense_is_refused_in_one_line(asked, shown, body):
    answer = asked.post(f"/{TOKEN}/r/1/decide", content=body, headers=OURS)
    assert answer.status_code == 422
    assert "\n" not in answer.json()["error"]
    assert not (shown / "review.jsonl").exists()


def test_the_report_on_disk_gets_the_reviewed_counts_when_the_program_ends(shown):
    with site(Results("second-reader"), shown) as client:
        decide(client, "accept", first_id(shown))
        assert read_page(shown / "report.html").reviewed == ()
    assert read_page(shown / "report.html").reviewed == load_counts(shown)
    assert "reviewed by second-reader" in (shown / "report.html").read_text("utf-8")


def test_a_report_that_a_killed_program_did_not_renew_is_renewed_by_the_next(shown):
    decide_here(shown, Draft("reviewer", "accept", first_id(shown)))
    with site(Results(), shown) as client:
        client.get(f"/{TOKEN}/r/1/")
    assert read_page(shown / "report.html").reviewed == load_counts(shown)


def test_a_result_that_is_gone_at_the_end_keeps_no_other_from_being_renewed(shown, tmp_path):
    gone = shutil.copytree(shown, tmp_path / "a")
    results = Results()
    with site(results, gone) as client:
        results.add(shown)
        decide(client, "accept", first_id(gone))
        client.post(f"/{TOKEN}/r/2/decide", content=json.dumps({"action": "note", "note": "x"}), headers=OURS)
        (gone / "result.json").unlink()
    assert read_page(shown / "report.html").reviewed == load_counts(shown)


def test_the_report_to_give_away_holds_the_video(asked):
    answer = asked.get(f"/{TOKEN}/r/1/report.html")
    assert "attachment" in answer.headers["content-disposition"]
    assert 'src="data:video/mp4;base64,' in answer.text


def test_pictures_of_movements_are_sent_one_by_one(asked, shown):
    answer = asked.get(f"/{TOKEN}/r/1/strip/{first_id(shown)}")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[:4] == b"RIFF"


# -- blind ------------------------------------------------------------------------------------


def test_a_blind_page_tells_nothing_of_what_was_found(shown, tmp_path):
    plain = tmp_path / "plain.mp4"
    write_plain(shown.parent / "clip.mp4", plain, ClipSettings())
    with site(Results(plain=plain), shown) as client:
        text = client.get(f"/{TOKEN}/r/1/").text
        names = [one.id for one in read_page(shown / "report.html").movements]
        assert not any(name in text for name in names)
        assert "3 movements" not in text
        assert client.get(f"/{TOKEN}/r/1/overlay.mp4").content == plain.read_bytes()
        assert client.get(f"/{TOKEN}/r/1/strip/{names[0]}").status_code == 404
        assert client.get(f"/{TOKEN}/r/1/report.html").status_code == 404
        assert client.get(f"/{TOKEN}/r/1/state").json()["review"]["events"] == []
        told = decide(client, "add", "", peak_s=3.0, x_px=10.0, y_px=20.0).json()["state"]
        assert [event["peak_s"] for event in told["review"]["events"]] == [3.0]
        assert told["reviewed"] is None


def test_a_blind_rater_keeps_marks_that_the_program_has_come_to_see(shown, tmp_path):
    write_plain(shown.parent / "clip.mp4", tmp_path / "plain.mp4", ClipSettings())
    found = load_result(shown).events[0]
    with site(Results(plain=tmp_path / "plain.mp4"), shown) as client:
        decide(client, "add", "", peak_s=found.peak_s + 0.05, x_px=found.x_px, y_px=found.y_px)
        tree = json.loads((shown / "result.json").read_bytes())
        tree["run"]["started_utc"] = "2100-01-01T00:00:00Z"  # analyzed once more, later
        (shown / "result.json").write_text(json.dumps(tree), encoding="utf-8")
        (mark,) = client.get(f"/{TOKEN}/r/1/state").json()["review"]["events"]
        assert (mark["id"], mark["origin"], mark["event"]) == ("m1", "added", None)
        assert mark["peak_s"] == pytest.approx(found.peak_s + 0.05)
        told = decide(client, "reject", "m1").json()["state"]["review"]["events"]
        assert [(one["id"], one["status"]) for one in told] == [("m1", "rejected")]


def test_the_clip_of_a_result_is_the_one_that_was_analyzed(shown):
    page = json.loads((shown / "result.json").read_bytes())["clip"]
    facts = load_result(shown).clip
    assert find_clip(shown, facts, None).name == page["name"]
    (shown.parent / "clip.mp4").write_bytes(b"another")
    with pytest.raises(ClipError, match="is not the file that was analyzed"):
        find_clip(shown, facts, None)
    (shown.parent / "clip.mp4").unlink()
    with pytest.raises(ClipError, match="--clip FILE"):
        find_clip(shown, facts, None)


# -- start page -------------------------------------------------------------------------------


@pytest.fixture
def begun(tmp_path):
    with site(Results(start_page=True), tmp_path / "home") as client:
        yield client


def send(client, data, name="clip.mp4"):
    return client.post(f"/{TOKEN}/clips", content=data, headers={**OURS, "X-Name": quote(name)})


def test_a_clip_is_taken_in_and_given_up_without_leaving_anything(begun, shown, tmp_path):
    told = send(begun, (shown.parent / "clip.mp4").read_bytes(), "left calf.mp4").json()
    assert told["facts"]["name"] == "left calf.mp4"
    assert begun.get(f"/{TOKEN}/clips/{told['key']}/still").content[:4] == b"RIFF"
    assert begun.post(f"/{TOKEN}/clips/{told['key']}/forget", headers=OURS).json() == {"forgotten": True}
    assert list((tmp_path / "home").iterdir()) == []


def test_copies_that_a_killed_program_left_are_removed_and_no_others(begun, shown, tmp_path):
    home = tmp_path / "home"
    key = send(begun, (shown.parent / "clip.mp4").read_bytes()).json()["key"]
    (home / ".clip-left.partial").mkdir()
    (home / ".clip-left.partial" / "clip.mp4").write_bytes(b"of somebody's body")
    with site(Results(start_page=True), home):  # another one, while the first is at work
        assert not (home / ".clip-left.partial").exists()
        assert begun.get(f"/{TOKEN}/clips/{key}/still").status_code == 200
        assert len(list(home.iterdir())) == 1


def test_an_analysis_goes_on_when_its_window_is_closed(begun, tmp_path):
    clip = write_video(tmp_path / "short.mp4", moving(10, 120, 160))
    key = send(begun, clip.read_bytes(), "it's <b>.mp4").json()["key"]
    assert "data-clip" not in begun.get(f"/{TOKEN}/").text
    begun.post(f"/{TOKEN}/clips/{key}/analyze", content=b"{}", headers=OURS)
    (told,) = re.findall("data-clip='([^']*)'", begun.get(f"/{TOKEN}/").text)
    assert json.loads(told)["key"] == key
    home = tmp_path / "home"
    while not list(home.glob("*.fascidetect")) or list(home.glob(".clip-*")):  # nobody asks for its progress
        assert begun.get(f"/{TOKEN}/").status_code == 200
    assert "r/1/" in begun.get(f"/{TOKEN}/").text
    for _ in range(2):  # two windows may have watched it
        assert begun.get(f"/{TOKEN}/clips/{key}/progress").json() == {"status": "done", "address": "r/1/"}


@pytest.mark.parametrize("data", [b"", b"this is no video"])
def test_what_is_no_clip_is_refused_by_its_name_and_removed(begun, tmp_path, data):
    answer = send(begun, data, "notes.txt")
    assert answer.status_code == 422
    assert str(tmp_path) not in answer.json()["error"]
    assert list((tmp_path / "home").iterdir()) == []


def test_an_order_that_makes_no_sense_starts_nothing(begun, shown):
    key = send(begun, (shown.parent / "clip.mp4").read_bytes()).json()["key"]
    body = json.dumps({"from_s": 5, "to_s": 2})
    answer = begun.post(f"/{TOKEN}/clips/{key}/analyze", content=body, headers=OURS)
    assert answer.status_code == 422
    assert "ends (2 s) before it starts" in answer.json()["error"]
    assert begun.get(f"/{TOKEN}/clips/{key}/progress").status_code == 404


def test_results_of_the_folder_are_offered_and_nothing_else(shown):
    (shown.parent / "other").mkdir()
    shutil.copytree(shown, shown.parent / ".other.fascidetect.partial")  # which is being written
    with site(Results(start_page=True), shown.parent) as client:
        text = client.get(f"/{TOKEN}/").text
        assert '<a href="r/1/">clip.mp4</a>' in text
        assert "other" not in text.split("<ul", 1)[1]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("calf.mp4", "calf.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\clips\\calf.mov", "calf.mov"),
        (".hidden", "hidden"),
        ("<script>.mp4", "_script_.mp4"),
        ("Wade links.mp4", "Wade links.mp4"),
        ("мышца.mp4", "мышца.mp4"),
        ("", "clip"),
        ("..", "clip"),
        ("a\0b\nc.mp4", "a_b_c.mp4"),
        ("x" * 300 + ".mp4", "x" * 76 + ".mp4"),
    ],
)
def test_names_from_a_browser_become_plain_names(sent, kept):
    assert clean_name(sent) == kept

"""`online` on folders, and `search` by the network that it made."""

import shutil

import made_runs

from fruitlab.data.importing import import_pictures
from fruitlab.runs.catalog import find

FEW = ("--set", "iterations=4", "--set", "live_every=2")


def test_online_once_and_search(call, pair, tmp_path):
    import_pictures(name="mine", nice=pair.nice, real=pair.real)
    made_runs.run("first", data="mine", categories=pair.categories)
    watched = tmp_path / "watched"
    for domain in ("nice", "real"):
        for category in pair.categories:
            (watched / domain / category).mkdir(parents=True)
            source = getattr(pair, domain) / category / "03.png"
            shutil.copy(source, watched / domain / category / "new.png")
    (watched / "real" / "unlabelled.png").write_bytes(source.read_bytes())
    folders = ("--nice", str(watched / "nice"), "--real", str(watched / "real"))
    online = ("online", *folders, "--from", "first", "--once", *FEW)
    status, result, said = call(*online)
    assert status == 0 and "wait for a label: 1." in said
    (session,) = result["sessions"]
    assert (session["arrived"], session["held"], session["status"]) == (6, 0, "finished")
    config = find(session["run"]).config()
    assert (config.stream, config.start, config.ratio) == ("folders", "first", 70)
    assert call(*online)[:2] == (0, {"stream": "stream", "sessions": []})

    status, found, _ = call("search", "--data", "mine", "--run", session["run"])
    assert (status, found) == (0, [])

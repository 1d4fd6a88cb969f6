"""The data of a run on this machine: under its own name, or another with the same hash."""

from fruitlab.config.text import plain
from fruitlab.data import store
from fruitlab.runs.entry import Entry


def local_name(entry: Entry) -> str | None:
    """The name of the run's data on this machine (`store.local_name`); None if it is not there."""
    known = {data["name"]: data["fingerprint"] for data in store.available()}
    return store.local_name(entry.known_config.data, entry.data.get("fingerprint"), known)


def training_problem(entry: Entry) -> tuple[str, str]:
    """Why the run cannot be repeated here, and why a repetition would be another experiment.

    Returns:
        Two messages, empty where there is no such problem.
    """
    name = local_name(entry)
    found = {data["name"]: data for data in store.available()}
    data = found.get(name or "") or found.get((name or "").partition(":")[0])
    if data is None:
        return (
            f"This run was trained on *{plain(entry.known_config.data)}*, which is not on this "
            "machine. Import the same pictures on the Data page to run it again; with other "
            "pictures it is another experiment."
        ), ""
    if data["problem"]:
        return plain(data["problem"]), ""
    here, trained = data["fingerprint"], entry.data.get("fingerprint")
    if trained and here and data["name"] == name and here != trained:
        return "", (
            f"The data *{plain(data['name'])}* on this machine has other pictures than those this "
            "run was trained on: with them it is another experiment."
        )
    return "", ""

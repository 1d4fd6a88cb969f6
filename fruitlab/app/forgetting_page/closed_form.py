"""Closed-form iterative training beside gradient training, from a small file of accuracies."""

from typing import Any

import streamlit as st

from fruitlab.app.components import chart
from fruitlab.plots.arriving import arriving
from fruitlab.runs.entry import Entry
from fruitlab.studies import forgetting_file

COMMAND = "python -m fruitlab forgetting-file {run}"


def show(chosen: list[Entry]) -> None:
    """Draws the figure: of a selected run's own file, otherwise of its data, otherwise any."""
    found = forgetting_file.found()
    if not found:
        return
    ids = [entry.id for entry in chosen]
    prints = [entry.data.get("fingerprint") for entry in chosen]
    file = min(found, key=lambda one: (one["run"] not in ids, one["fingerprint"] not in prints))
    st.subheader("Learning without forgetting", anchor="closed-form")
    st.markdown(
        "Ridge regression finds the last layer from sums over the pictures seen so far. Sums do "
        "not depend on the order of the pictures: nice ones first and real ones later give the "
        "same last layer as both at once."
    )
    figure = arriving(file["closed"], file["gradient"], file["joint"], file["categories"])
    chart.show(figure, key=f"closed form {file['run']}", height=380)
    st.caption(_compared(file))
    own = [entry.id for entry in chosen if not entry.run.shipped and entry.status == "finished"]
    if own and own[0] != file["run"]:
        st.caption(f"The same for {own[0]}: `{COMMAND.format(run=own[0])}`")


def _compared(file: dict[str, Any]) -> str:
    """What is compared, and on what."""
    (nice, real), (nice_test, real_test) = file["pictures"], file["tests"]
    same = file["gradient_network"] == file["network"]
    networks = (
        f"Both train only the last layer, on the same features by {file['network']}."
        if same
        else f"The closed form uses features by {file['network']}, which is pretrained; the "
        f"gradient trains the network {file['gradient_network']} from scratch."
    )
    return (
        f"{networks} Both learn {nice:,} nice pictures of *{file['data']}* first and then {real:,} "
        f"real ones: the closed form once, batch by batch, with every picture counting the same "
        f"(λ = {file['ridge']:g}, chosen on these pictures); the gradient-trained run "
        f"{file['run']} many times. Accuracy on {nice_test:,} nice and {real_test:,} real test "
        "pictures."
    )

"""A confusion matrix to click on: rows are the true categories, columns what the network said. Reached by keyboard, too."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

_CSS = """
.scroll { overflow-x: auto; max-width: 100%; padding-bottom: .5rem; color: var(--st-text-color); font-family: var(--st-font); }
table { border-collapse: separate; border-spacing: 1px; font-size: 12px; font-variant-numeric: tabular-nums; }
th { font-weight: 400; text-align: left; white-space: nowrap; }
thead th { height: 7.2em; vertical-align: bottom; padding: 0; }
thead th span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9em; overflow: hidden; }
tbody th { position: sticky; left: 0; background: var(--st-background-color); padding-right: .5rem; text-align: right; z-index: 1; }
td { padding: 0; }
button { all: unset; box-sizing: border-box; display: block; min-width: 26px; width: 30px; height: 24px; text-align: center; cursor: pointer; border-radius: 3px;
  background: color-mix(in srgb, var(--hue) calc(var(--share) * 1%), color-mix(in srgb, var(--st-text-color) 5%, transparent)); }
button.much { color: var(--st-background-color); font-weight: 600; }
button:hover { outline: 2px solid var(--st-text-color); }
button:focus-visible, button[aria-pressed=true] { outline: 2px solid var(--st-primary-color); outline-offset: 1px; }
td { --hue: #D55E00; } td.right { --hue: #009E73; }
"""

_JS = """
export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".scroll"), names = data.categories
  const sign = JSON.stringify(data)
  if (root.sign === sign) return
  root.sign = sign
  const table = document.createElement("table")
  table.setAttribute("role", "grid")
  table.setAttribute("aria-label", data.label)
  const head = table.createTHead().insertRow()
  head.appendChild(document.createElement("td"))
  for (const name of names) {
    const cell = document.createElement("th"), text = document.createElement("span")
    text.textContent = cell.title = name
    cell.scope = "col"
    cell.appendChild(text)
    head.appendChild(cell)
  }
  const body = table.createTBody(), buttons = []
  names.forEach((name, truth) => {
    const row = body.insertRow(), title = document.createElement("th")
    title.textContent = name
    title.scope = "row"
    row.appendChild(title)
    const total = data.counts[truth].reduce((a, b) => a + b, 0)
    buttons.push(names.map((other, said) => {
      const count = data.counts[truth][said], cell = row.insertCell(), button = document.createElement("button")
      const share = total ? count / total : 0
      if (truth === said) cell.className = "right"
      button.type = "button"
      button.textContent = count || ""
      button.title = (truth === said ? `${name}, recognised: ` : `${name}, taken for ${other}: `) + `${count} of ${total}`
      button.setAttribute("aria-label", button.title)
      button.style.setProperty("--share", count ? 12 + 88 * Math.sqrt(share) : 0)
      if (share > .3) button.className = "much"
      const chosen = data.cell && data.cell[0] === truth && data.cell[1] === said
      button.setAttribute("aria-pressed", String(Boolean(chosen)))
      button.tabIndex = chosen || (!data.cell && !truth && !said) ? 0 : -1
      button.onclick = () => {
        root.querySelectorAll("[aria-pressed=true]").forEach(b => b.setAttribute("aria-pressed", "false"))
        button.setAttribute("aria-pressed", "true")
        setStateValue("cell", [truth, said])
      }
      button.onkeydown = event => {
        const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key]
        const next = step && buttons[truth + step[0]]?.[said + step[1]]
        if (next) { event.preventDefault(); button.tabIndex = -1; next.tabIndex = 0; next.focus() }
      }
      cell.appendChild(button)
      return button
    }))
  })
  const focused = root.contains(parentElement.activeElement ?? document.activeElement), left = root.scrollLeft
  root.replaceChildren(table)
  root.scrollLeft = left
  if (focused) root.querySelector("[aria-pressed=true]")?.focus()
}
"""

_component = st.components.v2.component(
    "fruitlab.confusion", css=_CSS, js=_JS, html='<div class="scroll"></div>'
)


def counts(truth: np.ndarray, said: np.ndarray, categories: int) -> np.ndarray:
    """int64 [categories, categories]: how many of each true category (row) were taken for each (column).

    Args:
        truth, said: int [n], indices of categories.
    """
    return np.bincount(truth.astype(np.int64) * categories + said, minlength=categories**2).reshape(
        categories, categories
    )


def worst(matrix: np.ndarray) -> tuple[int, int] | None:
    """The most frequent mistake, (true, said); None if there is none."""
    mistakes = matrix - np.diag(np.diag(matrix))
    if not mistakes.any():
        return None
    truth, said = np.unravel_index(int(mistakes.argmax()), mistakes.shape)
    return int(truth), int(said)


def show(
    matrix: np.ndarray, categories: Sequence[str], *, label: str, key: str
) -> tuple[int, int] | None:
    """Draws the matrix; returns the chosen cell, (true, said): at first the most frequent mistake."""
    state = st.session_state.get(key)
    cell = tuple(state["cell"]) if state and state.get("cell") else worst(matrix)
    _component(
        key=key,
        data={
            "counts": matrix.tolist(),
            "categories": list(categories),
            "cell": cell,
            "label": label,
        },
        default={"cell": None},
        on_cell_change=lambda: None,
    )
    return cell if cell and all(0 <= place < len(categories) for place in cell) else None

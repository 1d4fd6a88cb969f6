// A confusion matrix whose cells are buttons: rows are true categories, columns the network's
// answers. Arrow keys move between cells.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".scroll")
  const names = data.categories
  const signature = JSON.stringify(data)
  if (root.signature === signature) return
  root.signature = signature

  const table = document.createElement("table")
  table.setAttribute("role", "grid")
  table.setAttribute("aria-label", data.label)
  const head = table.createTHead().insertRow()
  head.appendChild(document.createElement("td"))
  for (const name of names) head.appendChild(header("col", name))
  const body = table.createTBody()
  const buttons = []
  names.forEach((name, truth) => {
    const row = body.insertRow()
    row.appendChild(header("row", name))
    buttons.push(names.map((_, answer) => cell(row, truth, answer)))
  })

  function header(scope, name) {
    const node = document.createElement("th")
    const text = document.createElement("span")
    text.textContent = node.title = name
    node.scope = scope
    node.appendChild(text)
    return node
  }

  function cell(row, truth, answer) {
    const count = data.counts[truth][answer]
    const total = data.counts[truth].reduce((a, b) => a + b, 0)
    const share = total ? count / total : 0
    const what = truth === answer ? "classified correctly" : `classified as ${names[answer]}`
    const node = row.insertCell()
    if (truth === answer) node.className = "correct"
    const button = document.createElement("button")
    button.type = "button"
    button.textContent = count || ""
    button.title = `${names[truth]}, ${what}: ${count} of ${total}`
    button.setAttribute("aria-label", button.title)
    button.style.setProperty("--share", count ? 12 + 88 * Math.sqrt(share) : 0)
    if (share > 0.3) button.className = "dark"
    const chosen = data.cell && data.cell[0] === truth && data.cell[1] === answer
    button.setAttribute("aria-pressed", String(Boolean(chosen)))
    button.tabIndex = chosen || (!data.cell && !truth && !answer) ? 0 : -1
    button.onclick = () => {
      for (const other of root.querySelectorAll("[aria-pressed=true]")) {
        other.setAttribute("aria-pressed", "false")
      }
      button.setAttribute("aria-pressed", "true")
      setStateValue("cell", [truth, answer])
    }
    button.onkeydown = event => {
      const step = ARROWS[event.key]
      const next = step && buttons[truth + step[0]]?.[answer + step[1]]
      if (!next) return
      event.preventDefault()
      button.tabIndex = -1
      next.tabIndex = 0
      next.focus()
    }
    node.appendChild(button)
    return button
  }

  const focused = root.contains(parentElement.activeElement ?? document.activeElement)
  const left = root.scrollLeft
  root.replaceChildren(table)
  root.scrollLeft = left
  if (focused) root.querySelector("[aria-pressed=true]")?.focus()
}

// The wall: a tile for each category and domain. It is right where the most frequent answer to the
// category's test photos is right; the bar is the share that is right.

const DOMAINS = ["nice", "real"]

// Builds the tiles; returns a function that shows the answers at a ratio.
function buildWall(root, { categories, shown, pictures, answer, right, about }) {
  root.querySelector(".about").textContent = about
  const groups = DOMAINS.map(domain => {
    const group = root.querySelector(`.wall .${domain}`)
    const tiles = shown.map((category, place) => {
      const item = document.createElement("li")
      const picture = document.createElement(pictures[domain][place] ? "img" : "i")
      if (pictures[domain][place]) {
        picture.src = pictures[domain][place]
        picture.alt = ""
      }
      const [mark, bar, text] = ["em", "b", "span"].map(name => document.createElement(name))
      item.append(picture, mark, bar, text)
      return { item, mark, text, category }
    })
    group.querySelector("ul").replaceChildren(...tiles.map(({ item }) => item))
    return { tiles, count: group.querySelector("output") }
  })
  return ratio => {
    groups.forEach(({ tiles, count }, domain) => {
      let good = 0
      tiles.forEach((tile, place) => {
        const said = answer[ratio][domain][place]
        const share = right[ratio][domain][place]
        good += said === tile.category
        // While the slider is dragged, only what changes is touched.
        if (tile.said === said && tile.share === share) return
        Object.assign(tile, { said, share })
        const { item, mark, text, category } = tile
        const correct = said === category
        item.className = correct ? "right" : "wrong"
        item.style.setProperty("--right", `${share}%`)
        item.title = `${categories[category]}: ${share}% right${correct ? "" : `, mostly ${categories[said]}`}`
        mark.textContent = correct ? "✓" : "✗"
        text.textContent = categories[said]
      })
      count.textContent = `${good} of ${tiles.length} right`
    })
  }
}

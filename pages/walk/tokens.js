// The batch as the model reads it: one row a text, one cell a token with its number; words only as text nodes.
function cell(kind, text, name) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

export default function ({ parentElement: root, data }) {
  const { rows, picked, label, corner } = data;
  root.querySelector(".scroll").setAttribute("aria-label", label);
  const head = document.createElement("thead");
  const top = head.appendChild(document.createElement("tr"));
  top.appendChild(cell("th", corner));
  const width = Math.max(...rows.map((row) => row.cells.length));
  for (let i = 0; i < width; i++) top.appendChild(cell("th", String(i))).scope = "col";
  const body = document.createElement("tbody");
  for (const { name, cells, first } of rows) {
    const line = body.appendChild(document.createElement("tr"));
    line.className = [picked.includes(name) ? "picked" : "", first ? "part" : ""].join(" ").trim();
    line.appendChild(cell("th", name)).scope = "row";
    for (const [piece, id, kind] of cells) {
      const one = line.appendChild(cell("td", piece, kind));
      one.appendChild(cell("span", id, "id"));
    }
  }
  root.querySelector("table").replaceChildren(head, body);
}

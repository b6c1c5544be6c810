// The strongest pairs, as a table that answers; and files of what is shown.

const PAIRS = 10;
const sorted = { by: "value", pairs: [] };

// The strongest pairs that are shown, by words or by tokens.
function strongest(most) {
  const { values, columns } = state.view.matrix, best = []; // the strongest first; of equals the first
  values.forEach((v, k) => {
    if ((best.length === most && Math.abs(v) <= Math.abs(values[best[most - 1]])) || !isListed(Math.floor(k / columns), k % columns)) return;
    const place = best.findIndex((other) => Math.abs(values[other]) < Math.abs(v));
    best.splice(place < 0 ? best.length : place, 0, k);
    best.length = Math.min(best.length, most);
  });
  return best.map((k) => ({ i: Math.floor(k / columns), j: k % columns, value: values[k] }));
}

function fillTable() {
  const orders = { a: (p, q) => p.i - q.i || p.j - q.j, b: (p, q) => p.j - q.j || p.i - q.i, value: () => 0 };
  sorted.pairs = strongest(PAIRS).sort(orders[sorted.by]);
  const label = (side, k) => make("td", readings(side)[k] ? { title: hintOf(readings(side)[k]) } : {}, make("bdi", {}, labels(side)[k]));
  for (const side of ["a", "b"]) document.querySelector(`[data-sort=${side}]`).textContent = heading(side);
  $("pairs").replaceChildren(...sorted.pairs.map((p) => {
    const row = make("tr", { tabindex: "0" }, label("a", p.i), label("b", p.j), make("td", { class: "num" }, shown(p.value, limitOf())));
    row.cell = p;
    return row;
  }));
}

function markRows() {
  const cell = wordCell();
  for (const row of $("pairs").children) row.classList.toggle("chosen-row", Boolean(cell && row.cell && row.cell.i === cell.i && row.cell.j === cell.j));
}

// `pointed` is called with the pair under the pointer or null, `kept` with the one that is clicked.
function watchTable(pointed, kept) {
  const body = $("pairs"), pairOf = (event) => (event.target.closest("tr") || {}).cell || null;
  body.addEventListener("pointerover", (event) => { if (event.pointerType !== "touch") pointed(pairOf(event)); });
  body.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") pointed(null); });
  body.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) pointed(pairOf(event)); });
  body.addEventListener("focusout", () => pointed(null));
  body.addEventListener("click", (event) => kept(pairOf(event)));
  body.addEventListener("keydown", (event) => { if (event.key === "Enter") kept(pairOf(event)); });
  for (const button of document.querySelectorAll("[data-sort]")) button.addEventListener("click", () => {
    sorted.by = button.dataset.sort;
    for (const each of document.querySelectorAll("[data-sort]")) each.closest("th").removeAttribute("aria-sort");
    button.closest("th").setAttribute("aria-sort", sorted.by === "value" ? "descending" : "ascending");
    fillTable();
    markRows();
  });
}

const files = {
  csv: () => {
    const quoted = (text) => '"' + String(text).replaceAll('"', '""') + '"';
    const lines = [["position_a", "a", "position_b", "b", "attribution"].join()];
    state.view.matrix.values.forEach((v, k) => {
      const i = Math.floor(k / state.view.matrix.columns), j = k % state.view.matrix.columns;
      if (isShown(i, j)) lines.push([i, quoted(labels("a")[i]), j, quoted(labels("b")[j]), v].join());
    });
    return [lines.join("\r\n") + "\r\n", "text/csv"];
  },
  md: () => {
    const safe = (text) => text.replace(/[\\|`*_<>]/g, "\\$&");
    const rows = sorted.pairs.map((p) => `| ${safe(labels("a")[p.i])} | ${safe(labels("b")[p.j])} | ${shown(p.value, limitOf())} |`);
    return [[`| ${heading("a")} | ${heading("b")} | attribution |`, "|---|---|---|", ...rows].join("\n") + "\n", "text/markdown"];
  },
  tex: () => {
    const named = { "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}" };
    const safe = (text) => text.replace(/[\\~^]|[&%$#_{}]/g, (char) => named[char] || "\\" + char);
    const rows = sorted.pairs.map((p) => `${safe(labels("a")[p.i])} & ${safe(labels("b")[p.j])} & $${shown(p.value, limitOf()).replace("−", "-")}$ \\\\`);
    return [["\\begin{tabular}{llr}", `${heading("a")} & ${heading("b")} & attribution \\\\`, "\\hline", ...rows, "\\end{tabular}"].join("\n") + "\n", "application/x-tex"];
  },
  svg: () => [picture(), "image/svg+xml"],
};

async function save(kind) {
  let blob;
  if (kind === "png") blob = await painting();
  else { const [content, type] = files[kind](); blob = new Blob([content], { type }); }
  const link = make("a", { href: URL.createObjectURL(blob), download: "pair." + kind });
  link.click();
  URL.revokeObjectURL(link.href);
}
for (const button of document.querySelectorAll("[data-export]")) button.addEventListener("click", () => save(button.dataset.export));

// The page of one pair: two texts, links, the heatmap beside them.

const views = Object.fromEntries(data.views.map((view) => [view.name, { ...view, matrix: unpacked(view.matrix) }]));
const state = { view: views[data.views[0].name], least: 0, chosen: null, cell: null };
const LINKS = 6, PAIRS = 10;
let words = { a: [], b: [] };

const other = (side) => (side === "a" ? "b" : "a");
const isShown = (v) => Math.abs(v) >= state.least * state.view.matrix.limit;
// What the slider leaves of a pair.
const value = (i, j) => { const v = state.view.matrix.at(i, j); return isShown(v) ? v : 0; };
const pair = (side, index, k) => (side === "a" ? value(index, k) : value(k, index));
const labels = (side) => state.view["labels_" + side];

// Of the words of a text, over the other; kept while nothing changes but what is chosen.
const summed = { key: "", a: [], b: [] };
function sums(side) {
  const key = [state.view.name, state.least].join();
  if (summed.key !== key) Object.assign(summed, { key, a: sumsOf("a"), b: sumsOf("b") });
  return summed[side];
}

function sumsOf(side) {
  const { rows, columns } = state.view.matrix;
  const [own, across] = side === "a" ? [rows, columns] : [columns, rows];
  return Array.from({ length: own }, (_, i) => {
    let total = 0;
    for (let k = 0; k < across; k++) total += pair(side, i, k);
    return total;
  });
}

// The sum of a word over the other text, whatever the slider hides.
function whole(side, index) {
  const { at } = state.view.matrix;
  return labels(other(side)).reduce((sum, _, k) => sum + (side === "a" ? at(index, k) : at(k, index)), 0);
}

function partners(side, index) {
  return labels(other(side)).map((label, k) => ({ k, label, value: pair(side, index, k) }))
    .filter((p) => p.value !== 0).sort((p, q) => Math.abs(q.value) - Math.abs(p.value));
}

function setView(name) {
  state.view = views[name];
  state.chosen = state.cell = null;
  for (const side of ["a", "b"]) words[side] = setText($("text-" + side), state.view[side], side);
  draw();
}

function draw() {
  const { chosen, cell } = state;
  for (const side of ["a", "b"]) for (const word of words[side]) if (word) word.classList.remove("chosen");
  if (chosen) {
    const limit = scaleOf(chosen.side, chosen.index);
    chosen.classList.add("chosen");
    for (const word of words[chosen.side]) if (word) shade(word, 0, 1);
    for (const word of words[other(chosen.side)]) if (word) shade(word, pair(chosen.side, chosen.index, word.index), limit);
    setLegend(limit);
  } else {
    const total = { a: sums("a"), b: sums("b") };
    const most = Math.max(...total.a.map(Math.abs), ...total.b.map(Math.abs)) || 1;
    for (const side of ["a", "b"]) for (const word of words[side]) if (word) shade(word, total[side][word.index], most);
    setLegend(most);
    if (cell) for (const word of [words.a[cell.i], words.b[cell.j]]) if (word) word.classList.add("chosen");
  }
  drawLinks();
  drawHeatmap();
  say();
}

// A chosen word's colours have a scale of their own, but one on which noise stays pale.
const scaleOf = (side, index) => Math.max(0.2 * state.view.matrix.limit, ...partners(side, index).map((p) => Math.abs(p.value)));

function say() {
  const { chosen, cell } = state, limit = state.view.matrix.limit, status = $("status");
  const quoted = (label) => make("bdi", {}, "“" + label + "”");
  const number = (v) => make("span", { class: "num" }, shown(v, limit));
  status.replaceChildren();
  if (chosen) {
    const found = partners(chosen.side, chosen.index), left = found.reduce((sum, p) => sum + p.value, 0);
    status.append(quoted(labels(chosen.side)[chosen.index]), " in text ", chosen.side.toUpperCase(), ": ", number(whole(chosen.side, chosen.index)), " in all");
    if (state.least) status.append(" (", number(left), " in pairs that are not hidden)");
    found.slice(0, LINKS).forEach((p, n) => status.append(n ? ", " : "; with ", quoted(p.label), " ", number(p.value)));
  } else if (cell) {
    status.append(quoted(labels("a")[cell.i]), " with ", quoted(labels("b")[cell.j]), ": ", number(state.view.matrix.at(cell.i, cell.j)));
    if (!isShown(state.view.matrix.at(cell.i, cell.j))) status.append(" (hidden as weak)");
  } else status.append("Each " + (state.view.name === "words" ? "word" : "token") + " has the colour of its sum over the other text. Point at one, or move to it with Tab and the arrow keys, to see what it goes with; click or press Enter to keep it, Escape to let it go.");
}

function drawLinks() {
  const svg = $("links"), box = svg.getBoundingClientRect(), { chosen, cell } = state;
  svg.replaceChildren();
  let pairs = [];
  if (chosen) pairs = partners(chosen.side, chosen.index).slice(0, LINKS).map((p) => [chosen, words[other(chosen.side)][p.k], p.value]);
  else if (cell) pairs = [[words.a[cell.i], words.b[cell.j], value(cell.i, cell.j)]];
  for (const [from, to, v] of pairs) {
    const share = strength(v, state.view.matrix.limit);
    if (!from || !to || share < 0.1) continue;
    const [a, b] = (from.side === "a" ? [from, to] : [to, from]).map((word) => word.getClientRects()[0]);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", curve(a, b, box));
    path.setAttribute("stroke-width", (1 + 4 * share).toFixed(1));
    if (v < 0) path.setAttribute("class", "neg");
    svg.append(path);
  }
}

// Side by side, a link hangs from word to word, below the lines that it comes from; else it goes down to its word.
function curve(a, b, box) {
  const beside = $("text-b").getBoundingClientRect().left >= $("text-a").getBoundingClientRect().right;
  const x0 = a.left + a.width / 2 - box.left, x1 = b.left + b.width / 2 - box.left;
  const y0 = a.bottom - box.top, y1 = (beside ? b.bottom : b.top) - box.top;
  const hang = beside ? Math.min(60, 14 + Math.abs(x1 - x0) / 12) : (y1 - y0) / 2;
  const points = [[x0, y0], [x0, y0 + hang], [x1, beside ? y1 + hang : y1 - hang], [x1, y1]];
  const [start, ...rest] = points.map((point) => point.map((n) => n.toFixed(1)).join(" "));
  return `M${start} C${rest.join(" ")}`;
}

// The strongest pairs that the slider leaves, by words or by tokens.
function fillTable() {
  const { values, columns, limit } = state.view.matrix, best = []; // the strongest first; of equals the first
  values.forEach((v, k) => {
    if (!isShown(v) || (best.length === PAIRS && Math.abs(v) <= Math.abs(values[best[PAIRS - 1]]))) return;
    const place = best.findIndex((other) => Math.abs(values[other]) < Math.abs(v));
    best.splice(place < 0 ? best.length : place, 0, k);
    best.length = Math.min(best.length, PAIRS);
  });
  const label = (side, k) => make("td", {}, make("bdi", {}, labels(side)[k]));
  $("pairs").replaceChildren(...best.map((k) => make("tr", {}, label("a", Math.floor(k / columns)), label("b", k % columns),
    make("td", { class: "num" }, shown(values[k], limit)))));
}

function slide() {
  state.least = Number($("slider").value) / 100;
  fillTable();
  const { values } = state.view.matrix, limit = state.view.matrix.limit * state.least;
  let count = 0, total = 0;
  for (const v of values) if (Math.abs(v) >= limit) { count++; total += v; }
  const [some, all] = [count, values.length].map((n) => n.toLocaleString("en"));
  const which = state.least ? `below ${$("slider").value} % of the strongest; ${some} of ${all} pairs are left` : `none of ${all} pairs hidden`;
  $("share").textContent = `${which}, together ${shown(total, data.limit)}`;
}

const choice = choosing($("texts"), (word) => { state.chosen = word; if (word) state.cell = null; draw(); });
$("slider").addEventListener("input", () => { slide(); draw(); });
for (const radio of document.getElementsByName("view")) radio.addEventListener("change", () => { setView(radio.value); slide(); });
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
watchHeatmap((cell) => { state.cell = cell; draw(); }, (cell) => { choice.clear(); state.cell = cell; draw(); });
setView(data.views[0].name);
slide();
if (document.fonts) document.fonts.ready.then(draw);

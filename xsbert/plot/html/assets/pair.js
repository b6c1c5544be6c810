// The page of one pair, in one explanation or several: what is shown, two texts, the links between them, what is said.

const explanations = data.explanations.map((each) => ({
  ...each, views: Object.fromEntries(each.views.map((view) => [view.name, { ...view, matrix: unpacked(view.matrix) }])),
}));
const state = { at: 0, name: data.explanations[0].views[0].name, view: null, least: 0, off: new Set(), chosen: null, cell: null, block: null };
const LINKS = 6;
let words = { a: [], b: [] };

const other = (side) => (side === "a" ? "b" : "a");
const explanation = () => explanations[state.at];
const limitOf = () => state.view.limit;
const isOff = (side, i) => state.off.size > 0 && state.off.has(state.view["kinds_" + side][i]);
const isStrong = (v) => Math.abs(v) >= state.least * limitOf();
const isShown = (i, j) => isStrong(state.view.matrix.at(i, j)) && !isOff("a", i) && !isOff("b", j);
const isListed = isShown;
// What the slider and the filters leave of a pair.
const value = (i, j) => (isShown(i, j) ? state.view.matrix.at(i, j) : 0);
const pair = (side, index, k) => (side === "a" ? value(index, k) : value(k, index));
const unit = () => state.name.replace(/s$/, ""); // "words" are a word each
const heading = (side) => `${unit()} of ${side.toUpperCase()}`;
const labels = (side) => state.view["labels_" + side];
const readings = (side) => state.view["read_" + side];
const shownNow = () => [state.at, state.name, state.least, [...state.off].sort()].join("|");

// Of the words of a text, over the other; kept while nothing changes but what is chosen.
const summed = { key: "", a: [], b: [] };
function sums(side) {
  if (summed.key !== shownNow()) Object.assign(summed, { key: shownNow(), a: sumsOf("a", pair), b: sumsOf("b", pair) });
  return summed[side];
}

function sumsOf(side, of) {
  const { rows, columns } = state.view.matrix;
  const [own, across] = side === "a" ? [rows, columns] : [columns, rows];
  return Array.from({ length: own }, (_, i) => {
    let total = 0;
    for (let k = 0; k < across; k++) total += of(side, i, k);
    return total;
  });
}

// The sums of words over the other text, whatever is hidden.
const whole = (side) => sumsOf(side, (which, i, k) => (which === "a" ? state.view.matrix.at(i, k) : state.view.matrix.at(k, i)));

function partners(side, index) {
  return labels(other(side)).map((label, k) => ({ k, label, value: pair(side, index, k) }))
    .filter((p) => p.value !== 0).sort((p, q) => Math.abs(q.value) - Math.abs(p.value));
}

// Shows an explanation, by words or by tokens.
function setView(at, name) {
  const views = explanations[at].views;
  Object.assign(state, { at, name: name in views ? name : "words" in views ? "words" : Object.keys(views)[0], chosen: null, cell: null, block: null });
  state.view = views[state.name];
  for (const side of ["a", "b"]) words[side] = setText($("text-" + side), state.view[side], side, readings(side));
  for (const about of document.querySelectorAll(".about")) about.hidden = Number(about.dataset.explanation) !== at;
  slide();
}

function slide() {
  const { values } = state.view.matrix, { rows, columns } = state.view.matrix;
  let count = 0, total = 0;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) if (isShown(i, j)) { count++; total += state.view.matrix.at(i, j); }
  const [some, all] = [count, values.length].map((n) => n.toLocaleString("en"));
  const why = [state.least && `weaker than ${Math.round(100 * state.least)} % of full colour`, state.off.size && "of words that are left out"].filter(Boolean);
  const which = why.length ? `${some} of ${all} pairs are left; hidden: ${why.join(", ")}` : `all ${all} pairs`;
  $("share").textContent = `${which}; together ${shown(total, explanation().limit)}`;
  fillTable();
  drawFall();
  draw();
}

// The two words under the pointer, unless it is at two sentences.
const wordCell = () => (state.cell && !state.cell.bySentence ? state.cell : null);

function draw() {
  const { chosen } = state, cell = wordCell(), marked = [chosen, cell && words.a[cell.i], cell && words.b[cell.j]];
  const limit = chosen ? limitOf() : Math.max(limitOf(), ...["a", "b"].flatMap((side) => sums(side).map(Math.abs)));
  for (const side of ["a", "b"]) for (const word of words[side]) {
    if (!word) continue;
    word.classList.toggle("chosen", marked.includes(word));
    word.classList.toggle("off", isOff(side, word.index));
    shade(word, !chosen ? sums(side)[word.index] : side === chosen.side ? 0 : pair(chosen.side, chosen.index, word.index), limit);
  }
  setLegend(limit, chosen ? "one word" : "sums over the other text");
  showPartner();
  drawLinks();
  drawHeatmap();
  markRows();
  say();
  writeAddress();
}

function say() {
  const { chosen, cell } = state, limit = limitOf(), status = $("status");
  const quoted = (label) => make("bdi", {}, "“" + label + "”");
  const number = (v) => make("span", { class: "num" }, shown(v, limit));
  status.replaceChildren();
  if (chosen) {
    const found = partners(chosen.side, chosen.index), left = found.reduce((sum, p) => sum + p.value, 0);
    status.append(quoted(labels(chosen.side)[chosen.index]), ...asRead(readings(chosen.side)[chosen.index], labels(chosen.side)[chosen.index]), " in text ", chosen.side.toUpperCase(), ": ", number(whole(chosen.side)[chosen.index]), " in all");
    if (state.least || state.off.size) status.append(" (", number(left), " in pairs that are not hidden)");
    found.slice(0, LINKS).forEach((p, n) => status.append(n ? ", " : "; with ", quoted(p.label), " ", number(p.value)));
  } else if (cell?.bySentence) {
    const sentence = (side, n) => quoted(clipped(state.view["sentences_" + side][n][2], 60));
    status.append(sentence("a", cell.i), " with ", sentence("b", cell.j), ": ", number(cell.value), "; click to see the words");
  } else if (cell) {
    status.append(quoted(labels("a")[cell.i]), " with ", quoted(labels("b")[cell.j]), ": ", number(state.view.matrix.at(cell.i, cell.j)));
    if (!isShown(cell.i, cell.j)) status.append(isStrong(state.view.matrix.at(cell.i, cell.j)) ? " (left out)" : " (hidden as weak)");
  } else {
    status.append(matchMedia("(hover: hover)").matches
      ? `Each ${unit()} has the colour of its sum over the other text. Point at one, or move to it with Tab and the arrow keys, to see what it goes with; click or press Enter to keep it, Escape to let it go.`
      : `Each ${unit()} has the colour of its sum over the other text. Tap one to see what it goes with; tap elsewhere to let it go.`);
  }
}

// In a long text, the word that goes best with the chosen one is scrolled into its box.
function showPartner() {
  const { chosen } = state, best = chosen && partners(chosen.side, chosen.index)[0];
  const word = best && words[other(chosen.side)][best.k];
  if (!word) return;
  const box = word.parentElement, [inner, outer] = [word.getBoundingClientRect(), box.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) box.scrollTop += inner.top - outer.top - box.clientHeight / 2;
}

// Links are drawn where room is kept for them: between two texts of few lines, one above the other.
function drawLinks() {
  const svg = $("links"), { chosen } = state, cell = wordCell();
  svg.replaceChildren();
  if ($("texts").classList.contains("beside")) return;
  let pairs = [];
  if (chosen) pairs = partners(chosen.side, chosen.index).slice(0, LINKS).map((p) => [chosen, words[other(chosen.side)][p.k], p.value]);
  else if (cell) pairs = [[words.a[cell.i], words.b[cell.j], value(cell.i, cell.j)]];
  const box = svg.getBoundingClientRect(), [upper, lower] = ["a", "b"].map((side) => $("text-" + side).getBoundingClientRect());
  for (const [from, to, v] of pairs) {
    const share = strength(v, limitOf());
    if (!from || !to || share < 0.1) continue;
    const [a, b] = (from.side === "a" ? [from, to] : [to, from]).map((word) => word.getClientRects()[0]);
    if (upper.bottom - a.bottom > a.height || b.top - lower.top > b.height) continue; // it would cross other lines
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const x0 = a.left + a.width / 2 - box.left, x1 = b.left + b.width / 2 - box.left, y0 = a.bottom - box.top, y1 = b.top - box.top;
    path.setAttribute("d", `M${x0.toFixed(1)} ${y0.toFixed(1)} C${x0.toFixed(1)} ${((y0 + y1) / 2).toFixed(1)} ${x1.toFixed(1)} ${((y0 + y1) / 2).toFixed(1)} ${x1.toFixed(1)} ${y1.toFixed(1)}`);
    path.setAttribute("stroke-width", (1 + 4 * share).toFixed(1));
    if (v < 0) path.setAttribute("class", "neg");
    svg.append(path);
  }
}
